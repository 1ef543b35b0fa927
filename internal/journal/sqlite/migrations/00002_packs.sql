-- +goose Up
-- Not 0: that many rows from the one of id on are packed in events, see pack.go; input is empty then.
-- 0: a row as itself, as rows were written before there were packs.
ALTER TABLE journal ADD COLUMN pack INTEGER NOT NULL DEFAULT 0;
