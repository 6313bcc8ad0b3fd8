package migrate

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Files are those of a MicroSIP, which need not be installed here.
type Files struct {
	INI      string
	Contacts string // empty: there is none
}

const (
	folder   = "MicroSIP"
	iniName  = "microsip.ini"
	xmlName  = "Contacts.xml"
	iniEnd   = ".ini"
	roaming  = "APPDATA" // variable of Windows
	noFolder = "there is no %%APPDATA%% here: name MicroSIP's file, or its folder"
)

// Find returns the files of the MicroSIP at path, which is its INI file, the folder of that, or
// empty for the folder of the user, %APPDATA%\MicroSIP. A portable MicroSIP has its files beside
// the program, and the INI file has the program's name.
func Find(path string) (Files, error) {
	if path == "" {
		data := os.Getenv(roaming)
		if data == "" {
			return Files{}, fmt.Errorf("migrate: " + noFolder)
		}
		path = filepath.Join(data, folder)
	}
	info, err := os.Stat(path)
	if err != nil {
		return Files{}, fmt.Errorf("migrate: %w", err)
	}
	dir := path
	files := Files{INI: path}
	if !info.IsDir() {
		dir = filepath.Dir(path)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return Files{}, fmt.Errorf("migrate: %w", err)
	}
	var inis []string
	for _, e := range entries {
		switch name := e.Name(); {
		case e.IsDir():
		case strings.EqualFold(name, xmlName):
			files.Contacts = filepath.Join(dir, name)
		case strings.EqualFold(name, iniName):
			inis = []string{name}
		case strings.EqualFold(filepath.Ext(name), iniEnd) && (len(inis) != 1 || !strings.EqualFold(inis[0], iniName)):
			inis = append(inis, name)
		}
	}
	if !info.IsDir() {
		return files, nil
	}
	switch len(inis) {
	case 0:
		return Files{}, fmt.Errorf("migrate: %s has no INI file: name MicroSIP's file, or its folder", path)
	case 1:
		files.INI = filepath.Join(dir, inis[0])
		return files, nil
	}
	return Files{}, fmt.Errorf("migrate: %s has several INI files: name one of %s", path, strings.Join(inis, ", "))
}

// maxSize bounds what is read as an INI file, in bytes.
const maxSize = 16 << 20

var errLarge = errors.New("it is too large for MicroSIP's configuration")

// ReadINI reads a file that [Find] found.
func ReadINI(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err == nil && (info.Size() > maxSize || !info.Mode().IsRegular()) {
		err = fmt.Errorf("%s: %w", path, errLarge)
	}
	var data []byte
	if err == nil {
		data, err = os.ReadFile(path)
	}
	if err != nil {
		return nil, fmt.Errorf("migrate: %w", err)
	}
	return data, nil
}
