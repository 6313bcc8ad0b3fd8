// Exe checks a program for Windows: that it loads nothing but what every Windows has,
// and that the resources are in it. Exit code 1 and a line for each fault.
//
//	go run ./test/exe bin/offhook.exe
package main

import (
	"bytes"
	"debug/pe"
	"fmt"
	"os"
	"slices"
	"strings"
)

// system are the libraries of Windows that a program of ours may load, in small letters.
// What compilers bring (libgcc, libwinpthread, libstdc++) is not among them.
var system = []string{
	"advapi32.dll", "bcrypt.dll", "bcryptprimitives.dll", "crypt32.dll", "dnsapi.dll", "gdi32.dll", "iphlpapi.dll",
	"kernel32.dll", "mswsock.dll", "msvcrt.dll", "ntdll.dll", "ole32.dll", "oleaut32.dll", "rpcrt4.dll",
	"secur32.dll", "shell32.dll", "user32.dll", "userenv.dll", "winmm.dll", "winspool.drv", "ws2_32.dll", "wsock32.dll",
}

// texts are what the resources must have in them: the code page of the manifest, and a
// name of the version.
var texts = map[string][]byte{
	"a manifest with UTF-8 as code page": []byte(">UTF-8</activeCodePage>"),
	"a version":                          utf16("FileDescription"),
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: exe FILE")
		os.Exit(2)
	}
	faults, err := check(os.Args[1])
	if err != nil {
		faults = append(faults, err.Error())
	}
	for _, fault := range faults {
		fmt.Fprintln(os.Stderr, "exe:", fault)
	}
	if len(faults) > 0 {
		os.Exit(1)
	}
}

// check returns what is wrong with a file.
func check(path string) (faults []string, err error) {
	f, err := pe.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	symbols, err := f.ImportedSymbols() // "name:library"
	if err != nil {
		return nil, err
	}
	if len(symbols) == 0 {
		faults = append(faults, "no imports were found")
	}
	var seen []string
	for _, symbol := range symbols {
		name, library, _ := strings.Cut(symbol, ":")
		library = strings.ToLower(library)
		if isSystem(library) || slices.Contains(seen, library) {
			continue
		}
		seen = append(seen, library)
		faults = append(faults, fmt.Sprintf("%s is not part of Windows; %s is from there", library, name))
	}
	resources := f.Section(".rsrc")
	if resources == nil {
		return append(faults, "there are no resources"), nil
	}
	data, err := resources.Data()
	if err != nil {
		return faults, err
	}
	for what, text := range texts {
		if !bytes.Contains(data, text) {
			faults = append(faults, "the resources are without "+what)
		}
	}
	return faults, nil
}

// isSystem reports whether each Windows from 10 on has a library. Its C library is
// msvcrt or, by names of that form, the universal one.
func isSystem(library string) bool {
	return slices.Contains(system, library) || strings.HasPrefix(library, "api-ms-win-")
}

func utf16(s string) []byte {
	var b []byte
	for _, c := range []byte(s) {
		b = append(b, c, 0)
	}
	return b
}
