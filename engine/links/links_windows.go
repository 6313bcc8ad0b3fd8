package links

import (
	"errors"
	"fmt"
	"io/fs"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"
)

// Install has the desktop start p for links, and tells what became of each scheme. It can be
// called again. With an error, the results are those of the schemes before it.
func Install(p Program) ([]Result, error) {
	results, err := installInto(currentUser{}, p)
	tellShell()
	return results, err
}

// Uninstall takes back what Install did, as far as no other program has done the same since.
func Uninstall() ([]Result, error) {
	results, err := uninstallFrom(currentUser{})
	tellShell()
	return results, err
}

// tellShell has the desktop read the handlers again. It has no result.
func tellShell() {
	const associationsChanged = 0x08000000
	notify := windows.NewLazySystemDLL("shell32.dll").NewProc("SHChangeNotify")
	if notify.Find() == nil {
		_, _, _ = notify.Call(associationsChanged, 0, 0, 0)
	}
}

// currentUser is HKEY_CURRENT_USER.
type currentUser struct{}

func (currentUser) get(key, name string) (text, error) {
	k, err := registry.OpenKey(registry.CURRENT_USER, key, registry.QUERY_VALUE)
	if errors.Is(err, fs.ErrNotExist) {
		return text{Absent: true}, nil
	}
	if err != nil {
		return text{}, failed(key, err)
	}
	defer k.Close()
	s, kind, err := k.GetStringValue(name)
	switch {
	case errors.Is(err, registry.ErrNotExist):
		return text{Absent: true}, nil
	case errors.Is(err, registry.ErrUnexpectedType):
		return text{}, errNoText
	case err != nil:
		return text{}, failed(key, err)
	}
	return text{Text: s, Expand: kind == registry.EXPAND_SZ}, nil
}

func (u currentUser) set(key, name string, t text) error {
	if t.Absent {
		return u.remove(key, name)
	}
	k, _, err := registry.CreateKey(registry.CURRENT_USER, key, registry.SET_VALUE)
	if err != nil {
		return failed(key, err)
	}
	defer k.Close()
	if t.Expand {
		err = k.SetExpandStringValue(name, t.Text)
	} else {
		err = k.SetStringValue(name, t.Text)
	}
	return failed(key, err)
}

func (currentUser) remove(key, name string) error {
	k, err := registry.OpenKey(registry.CURRENT_USER, key, registry.SET_VALUE)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return failed(key, err)
	}
	defer k.Close()
	if err := k.DeleteValue(name); !errors.Is(err, registry.ErrNotExist) {
		return failed(key, err)
	}
	return nil
}

func (currentUser) has(key string) (bool, error) {
	k, err := registry.OpenKey(registry.CURRENT_USER, key, registry.QUERY_VALUE)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, failed(key, err)
	}
	return true, k.Close()
}

func (currentUser) removeEmpty(key string) error {
	k, err := registry.OpenKey(registry.CURRENT_USER, key, registry.QUERY_VALUE)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return failed(key, err)
	}
	info, err := k.Stat()
	_ = k.Close()
	if err != nil || info.SubKeyCount > 0 || info.ValueCount > 0 {
		return failed(key, err)
	}
	return failed(key, registry.DeleteKey(registry.CURRENT_USER, key))
}

// failed gives an error its key; nil stays nil.
func failed(key string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf(`links: HKEY_CURRENT_USER\%s: %w`, key, err)
}
