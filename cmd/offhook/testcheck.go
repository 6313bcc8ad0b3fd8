package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/offhook-voip/offhook/engine/scenario"
)

// checkedScenario is what --json says of a file.
type checkedScenario struct {
	File     string             `json:"file"`
	OK       bool               `json:"ok"`
	Name     string             `json:"name,omitempty"`
	Runs     int                `json:"runs"` // of its rows and matrix
	Problems []scenario.Problem `json:"problems"`
}

func newTestCheck() *cobra.Command {
	var asJSON, strict bool
	cmd := &cobra.Command{
		Use:   "check FILE...",
		Short: "Say everything that is wrong with scenarios, without dialling",
		Long: `Check reads scenarios and all that they name: other scenarios, rows, sound files. A folder
stands for the scenarios in it, as for test. It says everything that is wrong, each with its
file, line and column, what is allowed there, and the nearest valid word. Warnings say what
is probably not meant, as a hold before any call.

--json prints one object: {"type":"ScenarioCheck","files":[{"file":…,"ok":…,"name":…,"runs":…,
"problems":[…]}]}.

Exit codes: 0 all are right; 1 bad usage; 2 mistakes, or warnings with --strict.`,
		Example: `  offhook test check ivr.yaml
  offhook test check --strict --json tests/*.yaml`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return fmt.Errorf("which scenario? see %s --help", cmd.CommandPath())
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	cmd.Flags().BoolVar(&strict, "strict", false, "warnings are mistakes")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		wrong := 0
		var paths []string
		for _, name := range args {
			if found, err := scenarioFiles([]string{name}); err == nil {
				paths = append(paths, found...)
			} else {
				paths = append(paths, name) // is reported as the others are
			}
		}
		files := make([]checkedScenario, 0, len(paths))
		for _, path := range paths {
			checked := checkScenario(path)
			files = append(files, checked)
			if !checked.OK || strict && len(checked.Problems) > 0 {
				wrong++
			}
			if !asJSON {
				printChecked(cmd.OutOrStdout(), cmd.ErrOrStderr(), checked)
			}
		}
		if asJSON {
			if err := writeJSON(cmd.OutOrStdout(), map[string]any{"type": "ScenarioCheck", "files": files}); err != nil {
				return err
			}
		}
		if wrong > 0 {
			return &exitError{code: exitNotRun}
		}
		return nil
	}
	return cmd
}

func checkScenario(path string) checkedScenario {
	s, err := scenario.Load(path, scenario.Options{})
	checked := checkedScenario{File: path, OK: err == nil, Problems: []scenario.Problem{}}
	var problems scenario.Problems
	errors.As(err, &problems)
	checked.Problems = append(checked.Problems, problems...)
	if s != nil {
		checked.Name = s.Title()
		checked.Problems = append(checked.Problems, s.Warnings...)
	}
	if checked.OK {
		checked.Runs = s.Runs()
	}
	return checked
}

func printChecked(stdout, stderr io.Writer, checked checkedScenario) {
	mistakes := 0
	for _, p := range checked.Problems {
		fmt.Fprintln(stderr, printable(p.Error()))
		if !p.Warning {
			mistakes++
		}
	}
	warnings := len(checked.Problems) - mistakes
	switch {
	case mistakes > 0:
		fmt.Fprintf(stderr, "%s: %s\n", checked.File, count(mistakes, "mistake"))
	case warnings > 0:
		fmt.Fprintf(stdout, "%s: right, %s, %s\n", checked.File, count(checked.Runs, "run"), count(warnings, "warning"))
	default:
		fmt.Fprintf(stdout, "%s: right, %s\n", checked.File, count(checked.Runs, "run"))
	}
}

func newTestImport() *cobra.Command {
	var format, output string
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "Make a scenario of voip_patrol's XML or SIPp's CSV",
		Long: `Import reads a scenario of voip_patrol (XML) or a file of values of SIPp (CSV) and prints a
scenario. What has no counterpart stands in comments; docs/scenario-import.md says what becomes
of what. The result is checked as test check does, but for the files that it names.

Exit codes: 0; 1 bad usage, or the file cannot be read; 2 the result has mistakes.`,
		Example: `  offhook test import voip_patrol.xml > ivr.yaml
  offhook test import users.csv --output users.yaml`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return fmt.Errorf("import takes one file, and got %d; see %s --help", len(args), cmd.CommandPath())
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&format, "format", "", "`form` of the file: voip_patrol or sipp; by its ending unless it is said")
	cmd.Flags().StringVarP(&output, "output", "o", "", "`file` to write, which must not exist; standard output unless it is said")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		text, err := importScenario(args[0], format)
		if err != nil {
			return err
		}
		if output == "" {
			if _, err := cmd.OutOrStdout().Write(text); err != nil {
				return err
			}
			output = args[0]
		} else if err := writeNew(output, text); err != nil {
			return err
		}
		s, err := scenario.Parse(output, text, scenario.Options{NoFiles: true})
		if s != nil {
			for _, p := range s.Warnings {
				fmt.Fprintln(cmd.ErrOrStderr(), printable(p.Error()))
			}
		}
		if err != nil {
			return &exitError{code: exitNotRun, err: err}
		}
		return nil
	}
	return cmd
}

func importScenario(path, format string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if format == "" {
		format = map[string]string{".xml": "voip_patrol", ".csv": "sipp"}[strings.ToLower(filepath.Ext(path))]
	}
	var s *scenario.Scenario
	switch format {
	case "voip_patrol":
		s, err = scenario.ImportVoipPatrol(f)
	case "sipp":
		s, err = scenario.ImportSIPpCSV(f)
	default:
		return nil, fmt.Errorf("%s: --format is voip_patrol or sipp", path)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	var b bytes.Buffer
	err = s.Write(&b)
	return b.Bytes(), err
}

// writeNew writes a file that is not there yet.
func writeNew(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) // it may hold passwords
	if err != nil {
		return err
	}
	if _, err := f.Write(data); err != nil {
		return errors.Join(err, f.Close())
	}
	return f.Close()
}
