-- +goose Up
CREATE TABLE account (
    number INTEGER PRIMARY KEY, -- from 1
    name   TEXT NOT NULL UNIQUE
) STRICT;

-- A row of the journal under number * 2^40 + seq. One integer key and no other index: a row costs
-- one place in one tree, and the key is the fence against a second owner.
CREATE TABLE journal (
    id      INTEGER PRIMARY KEY,
    at      INTEGER NOT NULL, -- milliseconds since 1970
    decider TEXT    NOT NULL,
    input   BLOB    NOT NULL, -- JSON
    events  BLOB    NOT NULL  -- JSON array
) STRICT;

-- The newest whole state of an account. It counts once this row stands; its chunks come before.
CREATE TABLE snapshot (
    account    INTEGER PRIMARY KEY,
    generation INTEGER NOT NULL,
    seq        INTEGER NOT NULL,
    at         INTEGER NOT NULL,
    decider    TEXT    NOT NULL,
    chunks     INTEGER NOT NULL
) STRICT;

CREATE TABLE snapshot_chunk (
    id         INTEGER PRIMARY KEY,
    account    INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    n          INTEGER NOT NULL,
    entries    BLOB    NOT NULL,
    UNIQUE (account, generation, n)
) STRICT;

CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Rewritten by every probe of the disk.
CREATE TABLE probe (
    id   INTEGER PRIMARY KEY,
    fill BLOB NOT NULL
) STRICT;
