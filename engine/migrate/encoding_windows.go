package migrate

import (
	"fmt"

	"golang.org/x/sys/windows"
)

// decodeANSI asks Windows, which knows all code pages, also those with several bytes for a
// character. 0 is the one of the system, as MicroSIP has it.
func decodeANSI(data []byte, codePage int) ([]byte, string, error) {
	if codePage == 0 {
		codePage = int(windows.GetACP())
	}
	if len(data) == 0 {
		return nil, "", nil
	}
	size, err := windows.MultiByteToWideChar(uint32(codePage), 0, &data[0], int32(len(data)), nil, 0)
	if err != nil {
		return nil, "", fmt.Errorf("migrate: code page %d: %w", codePage, err)
	}
	wide := make([]uint16, size)
	if _, err := windows.MultiByteToWideChar(uint32(codePage), 0, &data[0], int32(len(data)), &wide[0], size); err != nil {
		return nil, "", fmt.Errorf("migrate: code page %d: %w", codePage, err)
	}
	return []byte(windows.UTF16ToString(wide)), fmt.Sprintf("Windows-%d", codePage), nil
}
