-- +goose Up
-- Who asked for what a journal row says; rows from before do not know.

ALTER TABLE timeline ADD COLUMN asked TEXT NOT NULL DEFAULT '';
