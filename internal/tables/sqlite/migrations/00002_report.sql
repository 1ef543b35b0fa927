-- +goose Up
-- What reports need beside timelines. presence has a row a change, which are few. Interactions that
-- ended more than a day after they were created are found by their end; an index of all of them would
-- cost every interaction, and the others are found by their ids.

CREATE TABLE presence (
    account  INTEGER NOT NULL,
    agent    TEXT    NOT NULL, -- folded
    seq      INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    username TEXT    NOT NULL,
    presence TEXT    NOT NULL,
    category TEXT    NOT NULL,
    PRIMARY KEY (account, agent, seq)
) STRICT, WITHOUT ROWID;

CREATE INDEX ended_late ON ended (account, ended, id) WHERE ended - created > 86400000;
