// SPDX-License-Identifier: Apache-2.0

// tardump TAR...: what Go's archive/tar makes of each tar, in the lines of taritem.h. It is the
// reference of lib/tar: Docker, containerd, Podman and umoci read layers by this package.
//
// What engines add to the package is here, too. They leave out global headers ("g"), which in the
// package change no other entry. They refuse types that they do not know ("M", "A", "X" and so on).
// Of the types that the package gives as files, "7" and "S" are unpacked by some engines and refused
// by others, and count as files here. GNU's labels and dump directories ("V" and "D") are refused by
// all; they are listed so that what is behind them can be compared. Contents are read before the
// entry is listed, since an engine reads them before it is done with the entry.
package main

import (
	"archive/tar"
	"bufio"
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"sort"
	"strings"
)

const dataMax = 16 << 20 // bytes of a file that are read, TAR_DATA_MAX of taritem.h

var types = map[byte]string{'0': "file", 0: "file", '7': "file", 'S': "file", '1': "link",
	'2': "symlink", '3': "char", '4': "block", '5': "dir", '6': "fifo", 'V': "label", 'D': "dumpdir"}

func escape(text string) string {
	var out strings.Builder
	for _, c := range []byte(text) {
		if c <= 0x20 || c >= 0x7f || c == '\\' {
			fmt.Fprintf(&out, "\\x%02x", c)
		} else {
			out.WriteByte(c)
		}
	}
	return out.String()
}

func records(h *tar.Header) string {
	var keys []string
	for key := range h.PAXRecords {
		if strings.HasPrefix(key, "SCHILY.xattr.") {
			keys = append(keys, key)
		}
	}
	sort.Strings(keys)
	var text strings.Builder
	for _, key := range keys {
		text.WriteString(" " + escape(key) + "=" + escape(h.PAXRecords[key]))
	}
	return text.String()
}

func describe(h *tar.Header, kind string, contents io.Reader) (string, error) {
	switch kind {
	case "":
		return "", fmt.Errorf("type %q", h.Typeflag)
	case "link", "symlink":
		return " target=" + escape(h.Linkname), nil
	case "char", "block":
		return fmt.Sprintf(" device=%d,%d", h.Devmajor, h.Devminor), nil
	case "file":
		text := fmt.Sprintf(" size=%d", h.Size)
		if h.Size > dataMax {
			return text, nil
		}
		digest := sha256.New()
		_, err := io.Copy(digest, contents)
		return text + fmt.Sprintf(" sha256=%x", digest.Sum(nil)), err
	}
	_, err := io.Copy(io.Discard, contents)
	return "", err
}

func line(h *tar.Header, contents io.Reader) (string, error) {
	kind := types[h.Typeflag]
	text, err := describe(h, kind, contents)
	return fmt.Sprintf("%s path=%s mode=%04o uid=%d gid=%d mtime=%d.%09d%s%s", kind, escape(h.Name),
		h.Mode&07777, h.Uid, h.Gid, h.ModTime.Unix(), h.ModTime.Nanosecond(), text, records(h)), err
}

func dump(name string, out io.Writer) error {
	data, err := os.ReadFile(name)
	if err != nil {
		fmt.Fprintln(os.Stderr, "tardump:", err)
		os.Exit(1)
	}
	reader := tar.NewReader(bytes.NewReader(data))
	for {
		header, err := reader.Next()
		if err == io.EOF {
			return nil
		} else if err != nil {
			return err
		} else if header.Typeflag == tar.TypeXGlobalHeader {
			continue
		}
		text, err := line(header, reader)
		if err != nil {
			return err
		}
		fmt.Fprintln(out, text)
	}
}

func main() {
	out := bufio.NewWriter(os.Stdout)
	for _, name := range os.Args[1:] {
		fmt.Fprintln(out, "tar "+escape(name))
		if err := dump(name, out); err != nil {
			fmt.Fprintln(out, "error "+escape(err.Error()))
		} else {
			fmt.Fprintln(out, "end")
		}
	}
	if err := out.Flush(); err != nil {
		os.Exit(1)
	}
}
