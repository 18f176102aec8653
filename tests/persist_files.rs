//! The file of a cache on the real file system: who may read it, what it does not replace, and what it says.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use perfkit::__private::persist::{
    Loaded, PersistError, Saved, Schema, System, Verdict, load, save,
};

const NOW: SystemTime = SystemTime::UNIX_EPOCH;

fn schema() -> Schema {
    Schema::of::<u32, String>("files")
}

fn save_to(path: &Path) -> Result<Saved, PersistError> {
    let entries = (0..100).map(|key| (key, key.to_string(), None::<Duration>));
    save::<u32, String, _>(&System, path, &schema(), NOW, entries)
}

fn load_from(path: &Path) -> Loaded<u32, String> {
    load(&System, path, &schema(), NOW)
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let name = |entry: fs::DirEntry| entry.file_name().to_str().unwrap().to_owned();
    let mut names: Vec<_> = entries.map(|entry| name(entry.unwrap())).collect();
    names.sort();
    names
}

#[test]
fn a_file_is_written_and_read_and_leaves_nothing_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.cache");
    let saved = save_to(&path).unwrap();
    save_to(&path).unwrap();

    let loaded = load_from(&path);

    assert_eq!(saved.bytes, fs::metadata(&path).unwrap().len());
    assert!(matches!(loaded.verdict, Verdict::Whole));
    assert_eq!(loaded.entries.len(), 100);
    assert_eq!(names(folder.path()), ["a.cache"]);
}

#[test]
fn a_useless_file_is_renamed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.cache");
    for _ in 0..5 {
        fs::write(&path, "something else").unwrap();
        let loaded = load_from(&path);
        assert!(matches!(loaded.verdict, Verdict::Foreign));
    }
    assert_eq!(
        names(folder.path()),
        ["a.cache.bad", "a.cache.bad.1", "a.cache.bad.2"]
    );
}

#[test]
fn a_folder_at_the_path_and_one_that_is_missing_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let error = save_to(folder.path()).unwrap_err();
    assert!(matches!(error, PersistError::NotAFile { .. }), "{error}");
    let error = save_to(&folder.path().join("missing/a.cache")).unwrap_err();
    assert!(matches!(error, PersistError::NoFolder { .. }), "{error}");
    assert_eq!(names(folder.path()), [""; 0]);
}

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_new_file_is_its_owners_alone_and_a_replaced_one_keeps_its_permissions() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.cache");
        save_to(&path).unwrap();
        assert_eq!(mode(&path), 0o600);

        fs::set_permissions(&path, fs::Permissions::from_mode(0o664)).unwrap();
        save_to(&path).unwrap();

        assert_eq!(mode(&path), 0o664);
    }

    #[test]
    fn a_link_is_neither_followed_nor_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("target");
        save_to(&target).unwrap();
        let before = fs::read(&target).unwrap();
        let dangling = folder.path().join("dangling");
        for (link, to) in [("link", &target), ("to nowhere", &dangling)] {
            let link = folder.path().join(link);
            symlink(to, &link).unwrap();

            let error = save_to(&link).unwrap_err();
            let loaded = load_from(&link);

            assert!(matches!(error, PersistError::NotAFile { .. }), "{error}");
            assert!(matches!(
                loaded.verdict,
                Verdict::Unreadable(PersistError::NotAFile { .. })
            ));
            assert!(link.is_symlink());
        }
        assert_eq!(fs::read(&target).unwrap(), before);
        assert!(!dangling.exists());
    }

    #[test]
    fn a_path_that_leads_through_a_link_is_followed() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("real")).unwrap();
        symlink(folder.path().join("real"), folder.path().join("link")).unwrap();
        save_to(&folder.path().join("link/a.cache")).unwrap();
        assert_eq!(names(&folder.path().join("real")), ["a.cache"]);
    }

    #[test]
    fn a_folder_that_may_not_be_written_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.cache");
        save_to(&path).unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o500)).unwrap();
        let may_write_anywhere = fs::write(folder.path().join("probe"), "").is_ok();

        let result = save_to(&path);

        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
        match result {
            Err(error) => assert!(matches!(error, PersistError::Denied { .. }), "{error}"),
            Ok(_) => assert!(may_write_anywhere, "root may, and nobody else"),
        }
        assert_eq!(load_from(&path).entries.len(), 100);
    }
}
