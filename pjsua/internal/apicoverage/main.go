// Apicoverage measures how much of pjsua.h package pjsua covers. It reads the
// installed header and our C with clang, our Go with go/types after cgo, and finds for
// each function, callback and configuration field the Go name that covers it. Run it
// from the root of the repository, with the environment of `make env`:
//
//	go run ./pjsua/internal/apicoverage           writes docs/api-coverage.md and docs/pjsua-for-pjsip-users.md
//	go run ./pjsua/internal/apicoverage -check    writes nothing; fails when these pages are stale
//	go run ./pjsua/internal/apicoverage -missing  only prints what has neither a Go name nor a reason
//	go run ./pjsua/internal/apicoverage -undocumented  prints Go names whose doc comments do not name what they wrap
//
// What the code alone does not show stands in names.txt, which is checked against the
// code. The exit code is 1 when a row has neither a Go name nor a reason.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	check := flag.Bool("check", false, "write nothing, fail when the pages are stale")
	missing := flag.Bool("missing", false, "print the rows without a Go name or a reason, write nothing")
	undocumented := flag.Bool("undocumented", false, "print what lacks in doc comments, write nothing")
	tree := flag.String("pjsua2", "", "read pjsua2 in this source tree of PJSIP and write pjsua2.txt")
	flag.Parse()
	if *tree != "" {
		if err := writePJSUA2(*tree); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	if err := run(*check, *missing, *undocumented); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(check, onlyMissing, onlyUndocumented bool) error {
	cov, err := measure()
	if err != nil {
		return err
	}
	switch {
	case onlyUndocumented:
		lines := cov.undocumented()
		for _, line := range lines {
			fmt.Println(line)
		}
		if len(lines) > 0 {
			return fmt.Errorf("%d doc comments are missing or say too little", len(lines))
		}
		return nil
	case onlyMissing:
		cov.printMissing(os.Stdout)
	case check:
		if err := pages(cov, func(name string, want []byte) error {
			if got, err := os.ReadFile(name); err != nil || !bytes.Equal(got, want) {
				return fmt.Errorf("%s is stale: run make api-coverage", name)
			}
			return nil
		}); err != nil {
			return err
		}
	default:
		if err := pages(cov, func(name string, text []byte) error { return os.WriteFile(name, text, 0o644) }); err != nil {
			return err
		}
		fmt.Print(cov.summary())
	}
	for _, line := range cov.undocumented() {
		cov.untrue = errors.Join(cov.untrue, errors.New(line))
	}
	if n := len(cov.missing()); n > 0 {
		if !onlyMissing {
			cov.printMissing(os.Stderr)
		}
		return errors.Join(cov.untrue, fmt.Errorf("%d of %d rows have neither a Go name nor a reason", n, len(cov.rows)))
	}
	return cov.untrue
}

func pages(cov *coverage, each func(name string, text []byte) error) error {
	users, err := cov.users()
	if err != nil {
		return err
	}
	if err := each(filepath.Join("docs", "api-coverage.md"), cov.markdown()); err != nil {
		return err
	}
	return each(filepath.Join("docs", "pjsua-for-pjsip-users.md"), users)
}

// measure puts everything together.
func measure() (*coverage, error) {
	clang, err := newClang()
	if err != nil {
		return nil, err
	}
	defer clang.close()
	api, err := readAPI(clang)
	if err != nil {
		return nil, err
	}
	goside, err := loadGo("./pjsua")
	if err != nil {
		return nil, err
	}
	cside, err := readC(clang, "./cbridge", goside)
	if err != nil {
		return nil, err
	}
	notes, err := readNotes(notesFile)
	if err != nil {
		return nil, err
	}
	return resolve(api, goside, cside, notes), nil
}
