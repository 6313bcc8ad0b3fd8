package config

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"unicode/utf16"
)

// encoding is how a file stores its text. MicroSIP writes UTF-16LE with a byte
// order mark.
type encoding int

const (
	utf8Plain encoding = iota
	utf8BOM
	utf16LE
)

var (
	bomUTF8    = []byte{0xef, 0xbb, 0xbf}
	bomUTF16LE = []byte{0xff, 0xfe}
	bomUTF16BE = []byte{0xfe, 0xff}
)

// decode returns the text of a file. Bytes that are not UTF-8 are passed on, so
// that a comment in another encoding survives; UTF-16 must be well formed, since
// otherwise it could not be written back.
func decode(data []byte) (string, encoding, error) {
	switch {
	case bytes.HasPrefix(data, bomUTF8):
		return string(data[len(bomUTF8):]), utf8BOM, nil
	case bytes.HasPrefix(data, bomUTF16LE):
		text, err := decodeUTF16(data[len(bomUTF16LE):])
		return text, utf16LE, err
	case bytes.HasPrefix(data, bomUTF16BE):
		return "", 0, errors.New("the file is UTF-16BE: save it as UTF-8, or as UTF-16LE with a byte order mark")
	case bytes.IndexByte(data[:min(len(data), 4)], 0) >= 0:
		return "", 0, errors.New("the file is binary, or UTF-16 without a byte order mark")
	}
	return string(data), utf8Plain, nil
}

func decodeUTF16(data []byte) (string, error) {
	if len(data)%2 != 0 {
		return "", errors.New("the file is UTF-16LE and ends within a character")
	}
	units := make([]uint16, len(data)/2)
	line := 1
	for i := range units {
		units[i] = binary.LittleEndian.Uint16(data[2*i:])
	}
	for i := 0; i < len(units); i++ {
		switch {
		case units[i] == '\n':
			line++
		case !utf16.IsSurrogate(rune(units[i])):
		case units[i] < 0xdc00 && i+1 < len(units) && units[i+1] >= 0xdc00 && units[i+1] < 0xe000:
			i++
		default:
			return "", fmt.Errorf("the file is UTF-16LE with half a character in line %d", line)
		}
	}
	return string(utf16.Decode(units)), nil
}

// encode is the inverse of decode.
func encode(text string, enc encoding) []byte {
	switch enc {
	case utf8BOM:
		return append(bytes.Clone(bomUTF8), text...)
	case utf16LE:
		out := bytes.Clone(bomUTF16LE)
		for _, u := range utf16.Encode([]rune(text)) {
			out = binary.LittleEndian.AppendUint16(out, u)
		}
		return out
	}
	return []byte(text)
}
