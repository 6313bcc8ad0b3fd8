package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// node is a declaration, statement or expression of clang's AST, the parts we read.
type node struct {
	Kind     string `json:"kind"`
	Name     string `json:"name"`
	Mangled  string `json:"mangledName"`
	Opcode   string `json:"opcode"`
	Storage  string `json:"storageClass"`
	Complete bool   `json:"completeDefinition"`
	Type     struct {
		Qual      string `json:"qualType"`
		Desugared string `json:"desugaredQualType"`
	} `json:"type"`
	Ref *struct {
		Kind string `json:"kind"`
		Name string `json:"name"`
	} `json:"referencedDecl"`
	Inner []*node `json:"inner"`
}

// clang runs the compiler. Our sources are read on top of a precompiled pjsua.h, so
// that a dump holds our declarations and not PJSIP's 140 MB.
type clang struct {
	program string
	flags   []string
	dir     string // of temporary files
	pch     string
}

func newClang() (*clang, error) {
	c := &clang{}
	for _, name := range []string{os.Getenv("CLANG"), "clang", "clang-14", "clang-16", "clang-19"} {
		if path, err := exec.LookPath(name); name != "" && err == nil {
			c.program = path
			break
		}
	}
	if c.program == "" {
		return nil, errors.New("clang is missing: test/peers/install.sh installs it")
	}
	cflags, err := exec.Command("pkg-config", "--cflags", "libpjproject").Output()
	if err != nil {
		return nil, fmt.Errorf("pkg-config does not find PJSIP: %w; is the environment set (make env)?", err)
	}
	c.flags = append(strings.Fields(string(cflags)), strings.Fields(os.Getenv("CGO_CFLAGS"))...)
	c.flags = append(c.flags, "-w")
	if c.dir, err = os.MkdirTemp("", "apicoverage"); err != nil {
		return nil, err
	}
	header := filepath.Join(c.dir, "api.h")
	if err := os.WriteFile(header, []byte("#include <pjsua-lib/pjsua.h>\n"), 0o600); err != nil {
		return nil, err
	}
	c.pch = header + ".pch"
	if out, err := exec.Command(c.program, append(c.flags, "-std=gnu11", "-x", "c-header", header, "-o", c.pch)...).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("clang does not take pjsua.h: %w\n%s", err, out)
	}
	return c, nil
}

func (c *clang) close() { os.RemoveAll(c.dir) }

// header returns the declarations that pjsua.h brings whose names contain filter.
func (c *clang) header(filter string) ([]*node, error) {
	return c.dump("-x", "c", filepath.Join(c.dir, "api.h"), "-Xclang", "-ast-dump-filter="+filter)
}

// source returns the translation unit of a C file of ours.
func (c *clang) source(file string, flags ...string) (*node, error) {
	nodes, err := c.dump(append(flags, "-include-pch", c.pch, "-x", "c", file)...)
	if err != nil {
		return nil, err
	}
	if len(nodes) != 1 {
		return nil, fmt.Errorf("clang: %s has %d translation units", file, len(nodes))
	}
	return nodes[0], nil
}

func (c *clang) dump(args ...string) ([]*node, error) {
	args = append(append(c.flags[:len(c.flags):len(c.flags)], "-std=gnu11"), args...)
	return c.run(args)
}

func (c *clang) run(args []string) ([]*node, error) {
	args = append(args, "-fsyntax-only", "-Xclang", "-ast-dump=json")
	var stderr bytes.Buffer
	cmd := exec.Command(c.program, args...)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("clang: %w\n%s", err, stderr.Bytes())
	}
	var nodes []*node
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		n := &node{}
		switch err := dec.Decode(n); {
		case err == io.EOF:
			return nodes, nil
		case err != nil:
			return nil, fmt.Errorf("clang: %w", err)
		}
		nodes = append(nodes, n)
	}
}

// structName returns the name of the struct that a type is or points to.
func (n *node) structName() string {
	typ := n.Type.Desugared
	if typ == "" {
		typ = n.Type.Qual
	}
	typ, _, _ = strings.Cut(typ, "[")
	typ = strings.Map(func(r rune) rune {
		if r == '*' {
			return ' '
		}
		return r
	}, typ)
	name := ""
	for _, word := range strings.Fields(strings.ReplaceAll(typ, "&", " ")) {
		switch word {
		case "const", "volatile", "struct", "union", "class", "restrict":
		default:
			if name != "" {
				return "" // (unnamed struct at ...), function types
			}
			name = word
		}
	}
	return name
}
