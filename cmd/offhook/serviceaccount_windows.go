package main

import (
	"crypto/sha1"
	"encoding/binary"
	"fmt"
	"strings"
	"unicode/utf16"

	"golang.org/x/sys/windows"
)

// serviceAccount returns an account as the service manager takes it, and its SID. Empty is
// the service's own.
func serviceAccount(account, service string) (name, sid string, err error) {
	const own = `NT SERVICE\`
	switch strings.ToLower(account) {
	case "", strings.ToLower(own + service):
		return own + service, serviceSID(service), nil
	case "localsystem", `nt authority\system`:
		return "LocalSystem", "S-1-5-18", nil
	case "localservice", `nt authority\localservice`:
		return `NT AUTHORITY\LocalService`, "S-1-5-19", nil
	case "networkservice", `nt authority\networkservice`:
		return `NT AUTHORITY\NetworkService`, "S-1-5-20", nil
	}
	if !strings.ContainsAny(account, `\@`) {
		account = `.\` + account
	}
	user, _, _, err := windows.LookupSID("", strings.TrimPrefix(account, `.\`))
	if err != nil {
		return "", "", fmt.Errorf("--account %s: %w", account, err)
	}
	return account, user.String(), nil
}

// serviceSID returns the SID of a service's own account, which is made of its name: before
// there is the service Windows does not tell it.
func serviceSID(name string) string {
	var b []byte
	for _, c := range utf16.Encode([]rune(strings.ToUpper(name))) {
		b = binary.LittleEndian.AppendUint16(b, c)
	}
	sum := sha1.Sum(b)
	sid := "S-1-5-80"
	for i := 0; i < len(sum); i += 4 {
		sid += fmt.Sprintf("-%d", binary.LittleEndian.Uint32(sum[i:]))
	}
	return sid
}
