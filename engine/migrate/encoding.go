package migrate

import (
	"bytes"
	"unicode/utf8"
)

// decode returns the text of an INI file as UTF-8, and the name of what it was: UTF-16LE with a
// byte order mark, as MicroSIP writes, which the caller's parser reads itself; UTF-8; else the ANSI
// code page, where MicroSIP's file was written by hand or by an old version. A codePage other
// than 0 says which, and that it is not UTF-8.
func decode(data []byte, codePage int) ([]byte, string, error) {
	switch {
	case bytes.HasPrefix(data, []byte{0xff, 0xfe}):
		return data, "UTF-16LE", nil
	case codePage == 0 && (utf8.Valid(data) || bytes.HasPrefix(data, []byte{0xfe, 0xff})):
		return data, "UTF-8", nil
	}
	return decodeANSI(data, codePage)
}
