//! The codes of the command line: what a command says with `--json` where no answer of the agent has a code. A released code keeps its
//! meaning.

/// Code, what is wrong, and what to do, in order of the codes.
pub(super) const OF_COMMANDS: &[(&str, &str, &str)] = &[
    (
        "BackupDamaged",
        "the file is no backup, or it is not what it says of itself",
        "take an older backup, and make a new one of the running till: ferrotill backup create FILE",
    ),
    (
        "CodeRefused",
        "the hub does not know the one-time code, or the code has been used or is too old",
        "make a new code at the hub: ferrotill-hub enrol",
    ),
    (
        "EnrolmentRefused",
        "the hub knows the code and does not take this till",
        "do what the message says",
    ),
    (
        "FileUnusable",
        "a file of the hub's connection cannot be written or read",
        "look at the file that the message names, at its permissions and at the disk",
    ),
    (
        "FolderInUse",
        "the data folder has another journal than the backup, and a restore would lose it",
        "move the data folder away and keep it, and repeat the command",
    ),
    (
        "HubNotCompared",
        "the hub could not be asked what it has and the backup has not",
        "enrol the till again with `ferrotill hub enrol CODE`, and repeat the command; or leave the hub out with --without-hub",
    ),
    (
        "HubNotInstalled",
        "the program of the hub is not installed on this machine",
        "install ferrotill-hub, or run the command on the machine of the hub",
    ),
    (
        "HubUnreachable",
        "the hub does not answer at the address",
        "look at the network and at the address of the hub in [hub]",
    ),
    (
        "NoHub",
        "the configuration has no hub",
        "write [hub] with the address of the hub, and enrol the till: ferrotill hub enrol CODE",
    ),
    (
        "NoKey",
        "a key for the connection to the hub could not be made",
        "repeat the command; if it fails again, look at the log of the system",
    ),
    (
        "NotRegistered",
        "the document is not registered, so it has no paper",
        "see what became of it: ferrotill op ID",
    ),
    (
        "OtherHub",
        "another hub answers than the one that has made the code",
        "take the address that the hub has printed with the code",
    ),
    (
        "OtherTill",
        "the code is for another till than this one",
        "make a code for this till at the hub: ferrotill-hub enrol",
    ),
    (
        "PrinterNotCompared",
        "a printer could not be asked for its counters, and the next number follows from them",
        "connect the printer of the backup, switch it on, and repeat the command",
    ),
    (
        "RestoreNotAllowed",
        "the law of the country, or this program, does not allow to go on with a copy of a data folder",
        "begin with a new data folder, as the message says",
    ),
    (
        "RestoredBefore",
        "the data folder has the journal of this backup already, so there is nothing to restore",
        "start the till; to put the backup back all the same, move the data folder away first",
    ),
    (
        "books_unreadable",
        "the store cannot be read, so nothing could be checked",
        "do what the remedy in the fault says; the newest backup is the way back",
    ),
    (
        "configuration",
        "the configuration is wrong or does not fit the data folder, or a file of the data folder is missing",
        "do what the message says; `ferrotill config check` shows every fault of the configuration",
    ),
    (
        "configuration_faulty",
        "the configuration has faults",
        "correct every fault at the place that it names; each one says how",
    ),
    (
        "configuration_unreadable",
        "the file of the configuration cannot be read",
        "check that the file exists and that this user may read it, or name another one with --config",
    ),
    (
        "failed",
        "the command has failed, and no other code fits",
        "do what the message says; `ferrotill doctor` looks at everything that an installer can act on",
    ),
    (
        "interrupted",
        "a signal has ended the command before its work was done",
        "repeat the command; a sale with the id that it has printed is never made twice",
    ),
    (
        "no_permission",
        "the system denies this user a file or an address, or no client may do it",
        "run the command with sudo or as the user of the till, or give a client the permission",
    ),
    (
        "not_acknowledged",
        "the document is sealed, and the authority has not acknowledged it in the time of --wait",
        "nothing: it is sent again by itself; `ferrotill queue` shows what waits",
    ),
    (
        "not_printed",
        "the printer did not do it, and nothing was registered",
        "look at the printer and at `ferrotill status`, and repeat the command",
    ),
    (
        "not_running",
        "no agent answers at the address",
        "start it with `systemctl start ferrotill`, or give its address with --listen",
    ),
    (
        "outcome_unknown",
        "the outcome is not known yet",
        "repeat the command with the same id, which is safe; or see `ferrotill op ID`",
    ),
    (
        "protocol_unreadable",
        "the protocol (DEP) cannot be read, so nothing could be checked",
        "give the file of a whole protocol, as `ferrotill rksv export` writes it",
    ),
    (
        "refused",
        "a rule of the till or of the law refuses it",
        "do what the message says",
    ),
    (
        "usage",
        "the arguments of the command are wrong",
        "write them as `ferrotill help` and the page of the command show",
    ),
];
