-- +goose Up
-- Ids and digests are 16 bytes, instants milliseconds since 1970, documents JSON. Names that
-- compare without case stand folded; "spelled" holds them as written when that differs.

CREATE TABLE account (
    number  INTEGER PRIMARY KEY, -- from 1
    name    TEXT    NOT NULL UNIQUE,
    through INTEGER NOT NULL,    -- the last row of the journal that these tables know of
    at      INTEGER NOT NULL     -- its instant
) STRICT;

CREATE TABLE checkpoint (
    account INTEGER NOT NULL,
    kind    TEXT    NOT NULL,
    key     TEXT    NOT NULL,
    value   BLOB    NOT NULL,
    PRIMARY KEY (account, kind, key)
) STRICT, WITHOUT ROWID;

-- The part of the checkpoint that a backlog is: live interactions by id. New ones go to the end,
-- which in checkpoint would be the middle.
CREATE TABLE live (
    account INTEGER NOT NULL,
    id      BLOB    NOT NULL,
    value   BLOB    NOT NULL,
    PRIMARY KEY (account, id)
) STRICT, WITHOUT ROWID;

-- What ended interactions are searched by; narrow, because a search by text reads all of it.
CREATE TABLE ended (
    account    INTEGER NOT NULL,
    id         BLOB    NOT NULL,
    externalid TEXT    NOT NULL,
    provider   TEXT    NOT NULL, -- folded
    route      TEXT    NOT NULL, -- folded
    agent      TEXT    NOT NULL, -- folded
    spelled    TEXT,             -- provider, route, agent, with U+001F between
    name       TEXT    NOT NULL,
    clid       TEXT    NOT NULL,
    outcome    TEXT    NOT NULL,
    class      INTEGER NOT NULL,
    created    INTEGER NOT NULL,
    ended      INTEGER NOT NULL,
    text       TEXT    NOT NULL, -- name, clid, externalid, folded
    PRIMARY KEY (account, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX ended_externalid ON ended (account, externalid, id) WHERE externalid <> '';
CREATE INDEX ended_agent ON ended (account, agent, id) WHERE agent <> '';

CREATE TABLE ended_document (
    account  INTEGER NOT NULL,
    id       BLOB    NOT NULL,
    document BLOB    NOT NULL,
    PRIMARY KEY (account, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE timeline (
    account     INTEGER NOT NULL,
    interaction BLOB    NOT NULL,
    seq         INTEGER NOT NULL,
    at          INTEGER NOT NULL,
    events      BLOB    NOT NULL, -- array
    PRIMARY KEY (account, interaction, seq)
) STRICT, WITHOUT ROWID;

-- Led by day: all inserts go to the end, lookups to the days that are asked for, and a day that is
-- over is removed as a whole.
CREATE TABLE requestid (
    account     INTEGER NOT NULL,
    day         INTEGER NOT NULL, -- days since 1970
    digest      BLOB    NOT NULL,
    interaction BLOB    NOT NULL,
    at          INTEGER NOT NULL,
    PRIMARY KEY (account, day, digest)
) STRICT, WITHOUT ROWID;

CREATE TABLE invocation (
    account     INTEGER NOT NULL,
    correlation BLOB    NOT NULL,
    seq         INTEGER NOT NULL,
    at          INTEGER NOT NULL,
    PRIMARY KEY (account, correlation)
) STRICT, WITHOUT ROWID;

CREATE TABLE notification (
    account     INTEGER NOT NULL,
    id          BLOB    NOT NULL,
    interaction BLOB    NOT NULL,
    provider    TEXT    NOT NULL, -- folded
    spelled     TEXT,
    state       TEXT    NOT NULL,
    created     INTEGER NOT NULL,
    document    BLOB    NOT NULL,
    PRIMARY KEY (account, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE config (
    account  INTEGER NOT NULL,
    version  INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    "by"     TEXT    NOT NULL,
    source   TEXT    NOT NULL,
    document BLOB    NOT NULL,
    PRIMARY KEY (account, version)
) STRICT, WITHOUT ROWID;
