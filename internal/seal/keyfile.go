package seal

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// OpenKey reads the key file, or makes it when there is none: at the first start.
func OpenKey(path string) (*Key, error) {
	key, err := LoadKey(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	if err := makeKeyFile(path); err != nil {
		return nil, fmt.Errorf("make key file %s: %w", path, err)
	}
	return LoadKey(path)
}

// LoadKey reads a key file that must be there, with all its keys. It refuses one that others than its owner may read:
// the credentials of every account hang on it.
func LoadKey(path string) (*Key, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("open key file: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("key file %s is no regular file", path)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return nil, fmt.Errorf("key file %s has mode %04o, so others than its owner may read or change it: run `chmod 600 %[1]s`", path, mode)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read key file: %w", err)
	}
	key, err := KeyFrom(string(text))
	if err != nil {
		return nil, fmt.Errorf("key file %s: %w", path, err)
	}
	return key, nil
}

// makeKeyFile writes a fresh key so that after a crash the file is whole or not there, and an
// existing file is never replaced: without its key, sealed credentials are lost.
func makeKeyFile(path string) error {
	return writeKeyFile(path, freshLine(), func(temp string) error {
		if err := os.Link(temp, path); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
		return nil
	})
}

// AddKey puts a new key in front of those of a key file. When it returns the file is durable; after
// a crash in between it is as it was, or has the new key.
func AddKey(path string) (*Key, error) {
	if _, err := LoadKey(path); err != nil {
		return nil, err
	}
	return replaceKeyFile(path, func(lines []string) []string { return append([]string{freshLine()}, lines...) })
}

// DropKeys takes keys out of a key file, in the manner of AddKey. The first one stays whatever is asked:
// it seals.
func DropKeys(path string, ids []string) (*Key, error) {
	key, err := LoadKey(path)
	if err != nil {
		return nil, err
	}
	first := key.Keys()[0].ID
	return replaceKeyFile(path, func(lines []string) []string {
		return slices.DeleteFunc(lines, func(line string) bool {
			one, err := KeyFrom(line)
			return err == nil && len(one.keys) == 1 && one.keys[0].ID != first && slices.Contains(ids, one.keys[0].ID)
		})
	})
}

// replaceKeyFile writes a key file with other lines in place of an existing one, which keeps its
// owner. Where the path is a link, what it leads to is replaced.
func replaceKeyFile(path string, change func(lines []string) []string) (*Key, error) {
	target, err := filepath.EvalSymlinks(path)
	if err != nil {
		return nil, fmt.Errorf("find key file: %w", err)
	}
	text, err := os.ReadFile(target)
	if err != nil {
		return nil, fmt.Errorf("read key file: %w", err)
	}
	lines := change(splitKeys(string(text)))
	if _, err := KeyFrom(strings.Join(lines, "")); err != nil {
		return nil, fmt.Errorf("key file %s would hold no good keys: %w", path, err)
	}
	err = writeKeyFile(target, strings.Join(lines, ""), func(temp string) error {
		if err := keepOwner(temp, target); err != nil {
			return err
		}
		return os.Rename(temp, target)
	})
	if err != nil {
		return nil, fmt.Errorf("write key file %s: %w", path, err)
	}
	return LoadKey(path)
}

// splitKeys splits a key file into lines with one key at most.
func splitKeys(text string) (lines []string) {
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(strings.TrimSpace(line), "#") {
			lines = append(lines, line+"\n")
			continue
		}
		for part := range strings.SplitSeq(line, ",") {
			lines = append(lines, strings.TrimSpace(part)+"\n")
		}
	}
	return lines
}

// freshLine is the line of a new key.
func freshLine() string {
	return base64.StdEncoding.EncodeToString(randomBytes(KeyBytes)) + " " + time.Now().UTC().Format(time.RFC3339) + "\n"
}

// writeKeyFile writes text beside path, makes it durable and then lets put give it its name.
func writeKeyFile(path, text string, put func(temp string) error) error {
	dir := filepath.Dir(path)
	temp, err := os.CreateTemp(dir, ".key-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name())
	_, err = temp.WriteString(text)
	if err = errors.Join(err, temp.Sync(), temp.Close()); err != nil {
		return err
	}
	if err := put(temp.Name()); err != nil {
		return err
	}
	return syncDir(dir)
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
