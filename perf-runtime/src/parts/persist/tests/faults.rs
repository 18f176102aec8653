use std::io::ErrorKind;

use super::disk::Fault;
use super::*;
use crate::parts::persist::{PersistError, Verdict};

/// Enough for several writes.
fn new_users() -> Vec<Given> {
    (0..2).flat_map(|_| users(250)).collect()
}

/// What a save does when nothing goes wrong.
fn steps(disk: &Disk) -> Vec<&'static str> {
    disk.repair();
    save_to(disk, &new_users()).unwrap();
    disk.repair()
}

/// A disk with a snapshot on it.
fn with_old() -> Disk {
    let disk = Disk::new();
    save_to(&disk, &users(3)).unwrap();
    disk
}

#[test]
fn a_save_syncs_before_it_renames_and_the_folder_after() {
    let steps = steps(&with_old());
    assert!(steps.iter().filter(|&&step| step == "write").count() >= 3);
    assert!(steps.ends_with(&["write", "write", "sync", "rename", "sync_folder"]));
}

#[test]
fn after_a_failure_at_any_step_the_file_is_old_or_new_and_nothing_is_left_behind() {
    let steps = steps(&with_old());
    for (number, step) in steps.iter().enumerate() {
        let disk = with_old();
        disk.fail_at(number, Fault::Error(ErrorKind::StorageFull));

        let result = save_to(&disk, &new_users());
        disk.repair();

        assert!(
            matches!(result, Err(PersistError::DiskFull { .. })),
            "{step} {number}: {result:?}"
        );
        assert_eq!(disk.names(), [PATH], "after {step} {number}");
        let loaded = load_from(&disk);
        assert!(matches!(loaded.verdict, Verdict::Whole));
        // Only the last step comes after the rename.
        let expected = if *step == "sync_folder" {
            new_users()
        } else {
            users(3)
        };
        assert_eq!(given(loaded.entries), expected, "after {step} {number}");
        assert!(save_to(&disk, &users(5)).is_ok(), "the next save works");
    }
}

#[test]
fn a_first_save_that_fails_leaves_no_file() {
    for number in 0..steps(&Disk::new()).len() - 1 {
        let disk = Disk::new();
        disk.fail_at(number, Fault::Error(ErrorKind::PermissionDenied));
        let result = save_to(&disk, &new_users());
        assert!(matches!(result, Err(PersistError::Denied { .. })));
        assert_eq!(disk.names(), [""; 0]);
    }
}

#[test]
fn after_a_kill_at_any_step_the_file_is_old_or_new() {
    let count = steps(&with_old()).len();
    for number in 0..=count {
        let disk = with_old();
        disk.fail_at(number, Fault::Killed);
        let _ = save_to(&disk, &new_users());
        disk.repair();

        let loaded = load_from(&disk);

        assert!(matches!(loaded.verdict, Verdict::Whole), "step {number}");
        let loaded = given(loaded.entries);
        assert!(loaded == users(3) || loaded == new_users());
    }
}

#[test]
fn after_a_loss_of_power_at_any_step_the_file_is_old_or_new() {
    let count = steps(&with_old()).len();
    for names_were_quick in [false, true] {
        for number in 0..=count {
            let disk = with_old();
            disk.fail_at(number, Fault::Killed);
            let result = save_to(&disk, &new_users());
            disk.repair();
            disk.lose_power(names_were_quick);

            let loaded = load_from(&disk);

            assert!(matches!(loaded.verdict, Verdict::Whole), "step {number}");
            let loaded = given(loaded.entries);
            assert!(loaded == users(3) || loaded == new_users());
            if result.is_ok() {
                assert_eq!(loaded, new_users(), "a save that returned is on the disk");
            }
        }
    }
}

#[test]
fn what_a_killed_process_left_is_removed_when_it_is_old() {
    let disk = with_old();
    disk.put(&format!("{PATH}.77-3.tmp"), b"half");
    for other in [
        ".77-3.tmp",
        ".x-3.tmp",
        ".77-.tmp",
        ".773.tmp",
        ".77-3.tmp.bak",
    ] {
        disk.put(&format!("folder/other{other}"), b"not ours");
    }
    disk.put(&format!("{PATH}.bak-1.tmp"), b"not ours");
    let before = disk.names().len();

    load_from(&disk);
    assert_eq!(disk.names().len(), before, "it may be in use still");

    disk.grow_old(HOUR * 2);
    load_from(&disk);
    assert_eq!(disk.names().len(), before - 1);
    assert!(disk.bytes(&format!("{PATH}.77-3.tmp")).is_none());
}

#[test]
fn a_failure_while_loading_costs_the_entries_and_nothing_else() {
    let disk = with_old();
    disk.repair();
    load_from(&disk);
    let steps = disk.repair();
    assert_eq!(steps, ["list", "look", "open", "read", "read"]);
    for (number, step) in steps.iter().enumerate().skip(1) {
        disk.fail_at(number, Fault::Error(ErrorKind::PermissionDenied));
        let loaded = load_from(&disk);
        disk.repair();
        assert!(
            matches!(
                loaded.verdict,
                Verdict::Unreadable(PersistError::Denied { .. })
            ),
            "{step}"
        );
        assert!(loaded.entries.is_empty() && loaded.quarantined.is_none());
        assert_eq!(disk.names(), [PATH]);
    }
    assert_eq!(load_from(&disk).entries.len(), 3);
}

#[test]
fn an_error_says_what_happened_and_keeps_its_reason() {
    use std::error::Error as _;

    let disk = Disk::new();
    for (kind, words) in [
        (ErrorKind::StorageFull, "too full"),
        (ErrorKind::QuotaExceeded, "too full"),
        (ErrorKind::PermissionDenied, "no right"),
        (ErrorKind::ReadOnlyFilesystem, "no right"),
        (ErrorKind::NotFound, "does not exist"),
        (ErrorKind::TimedOut, "cannot write"),
    ] {
        disk.fail_at(1, Fault::Error(kind));
        let error = save_to(&disk, &users(1)).unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
        assert!(error.to_string().contains(PATH));
        assert!(error.source().is_some());
    }
}
