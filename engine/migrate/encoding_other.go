//go:build !windows

package migrate

import (
	"fmt"

	"golang.org/x/text/encoding/charmap"
)

// defaultCodePage is that of Western Europe: a file does not say its own.
const defaultCodePage = 1252

// charmaps are Windows' code pages with one byte for a character.
var charmaps = map[int]*charmap.Charmap{
	874: charmap.Windows874, 1250: charmap.Windows1250, 1251: charmap.Windows1251, 1252: charmap.Windows1252,
	1253: charmap.Windows1253, 1254: charmap.Windows1254, 1255: charmap.Windows1255, 1256: charmap.Windows1256,
	1257: charmap.Windows1257, 1258: charmap.Windows1258,
}

func decodeANSI(data []byte, codePage int) ([]byte, string, error) {
	if codePage == 0 {
		codePage = defaultCodePage
	}
	table, ok := charmaps[codePage]
	if !ok {
		return nil, "", fmt.Errorf("migrate: no code page %d here: save the file as UTF-8", codePage)
	}
	text, err := table.NewDecoder().Bytes(data)
	return text, fmt.Sprintf("Windows-%d", codePage), err
}
