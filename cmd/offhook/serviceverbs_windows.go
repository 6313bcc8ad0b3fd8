package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unsafe"

	"github.com/spf13/cobra"
	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/svc"
	"golang.org/x/sys/windows/svc/eventlog"
	"golang.org/x/sys/windows/svc/mgr"
)

// defaultService is the name of a service that was given none.
const defaultService = "Offhook"

// serviceWait is how long a service may take to start or to stop.
const serviceWait = time.Minute

const serviceCodes = `Exit codes: 0; 1 bad usage, or the configuration has mistakes; 6 it does not run; 7 there is
no such service; 8 Windows refused, or the service failed.`

func newService() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "service VERB",
		Short: "Run the engine as a service of Windows",
		Long: `Service has Windows run the engine of a configuration when nobody is logged on, from the
start of the machine on, and again after it failed.

A service logs to a file, and warnings and errors to the event log (Application) under its
name. It is commanded like every engine: offhook status -c FILE, by the account that it
runs as and by elevated administrators.`,
		Args: takesNothing,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newServiceInstall(), newServiceUninstall(), newServiceStart(), newServiceStop(), newServiceStatus())
	return cmd
}

func addServiceName(cmd *cobra.Command) *string {
	return cmd.Flags().String("name", defaultService, "`name` of the service")
}

// serviceInstall is what offhook service install is told.
type serviceInstall struct {
	name, config, account, passwordFile, start, logFile string
}

// Ways to start a service.
const (
	startDelayed = "delayed"
	startAuto    = "auto"
	startManual  = "manual"
)

func newServiceInstall() *cobra.Command {
	var in serviceInstall
	cmd := &cobra.Command{
		Use:   "install -c FILE [flags]",
		Short: "Make a service of a configuration",
		Long: `Install makes a service that runs offhook run with a configuration. It does not start it:
offhook service start does. It takes an elevated prompt.

The service runs as an account of its own, NT SERVICE\ and its name, which has no password
and may do little: it must be able to read the program and the configuration, and to write
where the configuration has recordings and logs. Give it that by, for example:
icacls C:\offhook /grant "NT SERVICE\Offhook:(OI)(CI)M". Another account must have the
right to log on as a service.

After a failure Windows starts it again, after 5 s, 30 s, and then every 2 minutes. Without
--log-file it logs to %ProgramData%\Offhook\NAME\offhook.log, which only it and
administrators can read; at 10 MB the file becomes offhook.log.1.

` + serviceCodes,
		Example: `  offhook service install -c C:\offhook\offhook.ini
  offhook service install -c sales.ini --name Sales --account .\bot --password-file bot.txt
  offhook service start`,
		Args: takesNothing,
	}
	f := cmd.Flags()
	f.StringVarP(&in.config, "config", "c", "", "INI `file` that the service runs")
	f.StringVar(&in.name, "name", defaultService, "`name` of the service")
	f.StringVar(&in.account, "account", "", "`account` that it runs as: .\\user, DOMAIN\\user, LocalService, NetworkService or LocalSystem (default NT SERVICE\\NAME)")
	f.StringVar(&in.passwordFile, "password-file", "", "`file` with the password of a user")
	f.StringVar(&in.start, "start", startDelayed, "`when`: auto, at the start of Windows; delayed, two minutes later; or manual")
	f.StringVar(&in.logFile, logFileFlag, "", "`file` that it logs to")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if in.config == "" {
			return errors.New("service install needs a configuration: name it with -c FILE")
		}
		// Its log gets a folder of that name, whose access is changed.
		if !filepath.IsLocal(in.name) || filepath.Base(in.name) != in.name || in.name == "." {
			return fmt.Errorf("--name %q is not a service's name: it is a file's too, without a folder", in.name)
		}
		if !slices.Contains([]string{startDelayed, startAuto, startManual}, in.start) {
			return fmt.Errorf("--start must be auto, delayed or manual, and is %q", in.start)
		}
		if err := in.install(cmd.ErrOrStderr()); err != nil {
			return explainService(in.name, err)
		}
		return oneLine("%s is installed; offhook service start starts it", in.name)(cmd.OutOrStdout())
	}
	return cmd
}

// install makes the service, or leaves nothing behind.
func (in serviceInstall) install(stderr io.Writer) (err error) {
	s := &settings{}
	if s.path, err = filepath.Abs(in.config); err != nil {
		return err
	}
	if _, err := s.load(); err != nil {
		return &exitError{exitUsage, err}
	}
	program, err := os.Executable()
	if err != nil {
		return err
	}
	account, sid, err := serviceAccount(in.account, in.name)
	if err != nil {
		return err
	}
	cfg := mgr.Config{
		DisplayName: "Offhook", Description: "SIP softphone, running " + s.path,
		ServiceStartName: account, StartType: mgr.StartAutomatic,
	}
	if in.name != defaultService {
		cfg.DisplayName += ": " + in.name
	}
	if in.start == startManual {
		cfg.StartType = mgr.StartManual
	}
	if in.passwordFile != "" {
		text, err := os.ReadFile(in.passwordFile)
		if err != nil {
			return fmt.Errorf("--password-file: %w", err)
		}
		cfg.Password = strings.TrimRight(string(text), "\r\n")
	}
	m, err := mgr.Connect()
	if err != nil {
		return err
	}
	defer m.Disconnect()
	log := in.logFile
	if log == "" {
		if log, err = serviceLogFile(in.name, sid); err != nil {
			return fmt.Errorf("folder of the log: %w", err)
		}
	} else if log, err = filepath.Abs(log); err != nil {
		return err
	}
	made, err := m.CreateService(in.name, program, cfg, "run", "--"+serviceFlag, in.name, "-c", s.path, "--"+logFileFlag, log)
	if err != nil {
		return err
	}
	defer made.Close()
	err = in.describe(made, stderr)
	if err == nil {
		err = eventlog.InstallAsEventCreate(in.name, eventlog.Error|eventlog.Warning|eventlog.Info)
	}
	if err != nil {
		return errors.Join(err, made.Delete())
	}
	return nil
}

// describe sets what is not set when a service is made.
func (in serviceInstall) describe(s *mgr.Service, stderr io.Writer) error {
	err := s.SetRecoveryActions([]mgr.RecoveryAction{
		{Type: mgr.ServiceRestart, Delay: 5 * time.Second},
		{Type: mgr.ServiceRestart, Delay: 30 * time.Second},
		{Type: mgr.ServiceRestart, Delay: 2 * time.Minute},
	}, uint32((24 * time.Hour).Seconds()))
	if err != nil {
		return fmt.Errorf("recovery: %w", err)
	}
	optional := func(what string, err error) error {
		if errors.Is(err, windows.ERROR_INVALID_LEVEL) { // wine 8
			fmt.Fprintf(stderr, "offhook: this Windows has no %s\n", what)
			return nil
		}
		return err
	}
	// An engine that could not go on ends by itself, with an exit code and no crash.
	if err := optional("recovery of services that end with an error", s.SetRecoveryActionsOnNonCrashFailures(true)); err != nil {
		return fmt.Errorf("recovery: %w", err)
	}
	if in.start != startDelayed {
		return nil
	}
	delayed := windows.SERVICE_DELAYED_AUTO_START_INFO{IsDelayedAutoStartUp: 1}
	err = optional("delayed start", windows.ChangeServiceConfig2(s.Handle, windows.SERVICE_CONFIG_DELAYED_AUTO_START_INFO, (*byte)(unsafe.Pointer(&delayed))))
	if err != nil {
		return fmt.Errorf("delayed start: %w", err)
	}
	return nil
}

// serviceLogFile makes the folder of a service's log, for its account and administrators
// only, and returns the path of the file.
func serviceLogFile(name, sid string) (string, error) {
	data, err := windows.KnownFolderPath(windows.FOLDERID_ProgramData, 0)
	if err != nil {
		return "", err
	}
	dir := filepath.Join(data, "Offhook", name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	const modify = "0x1301bf"
	access, err := windows.SecurityDescriptorFromString(
		"O:BAD:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;" + modify + ";;;" + sid + ")")
	if err != nil {
		return "", err
	}
	owner, _, err := access.Owner()
	if err != nil {
		return "", err
	}
	list, _, err := access.DACL()
	if err != nil {
		return "", err
	}
	const what = windows.OWNER_SECURITY_INFORMATION | windows.DACL_SECURITY_INFORMATION | windows.PROTECTED_DACL_SECURITY_INFORMATION
	return filepath.Join(dir, "offhook.log"), windows.SetNamedSecurityInfo(dir, windows.SE_FILE_OBJECT, what, owner, nil, list, nil)
}

// openService opens a service for so much only, so that nobody needs more rights than that.
func openService(name string, access uint32) (*mgr.Service, error) {
	m, err := windows.OpenSCManager(nil, nil, windows.SC_MANAGER_CONNECT)
	if err != nil {
		return nil, err
	}
	defer windows.CloseServiceHandle(m)
	name16, err := windows.UTF16PtrFromString(name)
	if err != nil {
		return nil, err
	}
	h, err := windows.OpenService(m, name16, access|windows.SERVICE_QUERY_STATUS|windows.SERVICE_QUERY_CONFIG)
	if err != nil {
		return nil, err
	}
	return &mgr.Service{Name: name, Handle: h}, nil
}

// awaitService waits until a service has a state, or cannot reach it any more.
func awaitService(ctx context.Context, s *mgr.Service, want svc.State) (svc.Status, error) {
	ctx, cancel := context.WithTimeout(ctx, serviceWait)
	defer cancel()
	// Windows has nothing to wait on that works for all states.
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		st, err := s.Query()
		if err != nil || st.State == want || st.State == svc.Stopped {
			return st, err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return st, &exitError{exitRefused, fmt.Errorf("service %s: it is still %s after %v", s.Name, serviceStates[st.State], serviceWait)}
		}
	}
}

// withService runs what a verb does to a service.
func withService(name string, access uint32, do func(*mgr.Service) error) error {
	s, err := openService(name, access)
	if err == nil {
		err = errors.Join(do(s), s.Close())
	}
	return explainService(name, err)
}

func newServiceUninstall() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "uninstall [--name NAME]",
		Short: "Stop a service and remove it",
		Long: `Uninstall stops a service and removes it. The configuration and the log stay. It takes an
elevated prompt.

` + serviceCodes,
		Example: "  offhook service uninstall",
		Args:    takesNothing,
	}
	name := addServiceName(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		const remove = windows.DELETE | windows.SERVICE_STOP
		return withService(*name, remove, func(s *mgr.Service) error {
			if err := stopService(cmd.Context(), s); err != nil {
				return err
			}
			if err := s.Delete(); err != nil {
				return err
			}
			// Where there was no source there is none now.
			_ = eventlog.Remove(*name)
			return oneLine("%s is removed", *name)(cmd.OutOrStdout())
		})
	}
	return cmd
}

func newServiceStart() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "start [--name NAME]",
		Short: "Start a service, and wait until it can make calls",
		Long: `Start starts a service and waits until its engine has started.

` + serviceCodes,
		Example: "  offhook service start",
		Args:    takesNothing,
	}
	name := addServiceName(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return withService(*name, windows.SERVICE_START, func(s *mgr.Service) error {
			err := s.Start()
			if errors.Is(err, windows.ERROR_ACCESS_DENIED) {
				return &exitError{exitRefused, fmt.Errorf("service %s: its account may not run this program: let it read the file and its folders", *name)}
			}
			if err != nil && !errors.Is(err, windows.ERROR_SERVICE_ALREADY_RUNNING) {
				return err
			}
			st, err := awaitService(cmd.Context(), s, svc.Running)
			if err != nil {
				return err
			}
			if st.State != svc.Running {
				return &exitError{exitRefused, fmt.Errorf("service %s: it has stopped, with exit code %d: the event log says why, and %s",
					*name, cmp.Or(st.ServiceSpecificExitCode, st.Win32ExitCode), cmp.Or(serviceOf(s).log, "its log"))}
			}
			return oneLine("%s runs, process %d", *name, st.ProcessId)(cmd.OutOrStdout())
		})
	}
	return cmd
}

func newServiceStop() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "stop [--name NAME]",
		Short: "Stop a service: its engine hangs up and unregisters",
		Long: `Stop stops a service and waits until its engine has hung up, unregistered and ended. One
that does not run is no error.

` + serviceCodes,
		Example: "  offhook service stop",
		Args:    takesNothing,
	}
	name := addServiceName(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return withService(*name, windows.SERVICE_STOP, func(s *mgr.Service) error {
			if err := stopService(cmd.Context(), s); err != nil {
				return err
			}
			return oneLine("%s is stopped", *name)(cmd.OutOrStdout())
		})
	}
	return cmd
}

// stopService returns when a service has stopped.
func stopService(ctx context.Context, s *mgr.Service) error {
	_, err := s.Control(svc.Stop)
	if errors.Is(err, windows.ERROR_SERVICE_CANNOT_ACCEPT_CTRL) { // while it starts
		if _, err = awaitService(ctx, s, svc.Running); err == nil {
			_, err = s.Control(svc.Stop)
		}
	}
	if errors.Is(err, windows.ERROR_SERVICE_NOT_ACTIVE) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = awaitService(ctx, s, svc.Stopped)
	return err
}

// serviceStatus is what offhook service status --json prints.
type serviceStatus struct {
	Name    string `json:"name"`
	State   string `json:"state"`
	PID     uint32 `json:"pid"`
	Account string `json:"account"`
	Start   string `json:"start"`
	Command string `json:"command"`
	Log     string `json:"log"`
}

func newServiceStatus() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "status [flags]",
		Short: "Tell how a service is",
		Long: `Status prints whether a service runs, as what, and where it logs. Of its engine offhook
status -c FILE tells.

--json prints one object: {"name":…,"state":…,"pid":…,"account":…,"start":…,"command":…,"log":…}.

` + serviceCodes,
		Example: "  offhook service status --json",
		Args:    takesNothing,
	}
	name := addServiceName(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return withService(*name, 0, func(s *mgr.Service) error {
			now, err := s.Query()
			if err != nil {
				return err
			}
			c := serviceOf(s)
			st := serviceStatus{*name, serviceStates[now.State], now.ProcessId, c.account, c.start, c.command, c.log}
			if asJSON {
				err = writeJSON(cmd.OutOrStdout(), st)
			} else {
				t := newTable(cmd.OutOrStdout(), "")
				for _, row := range [][2]string{{"state", st.State}, {"process", fmt.Sprint(st.PID)}, {"account", st.Account},
					{"start", st.Start}, {"command", st.Command}, {"log", st.Log}} {
					t.row(row[0], printable(row[1]))
				}
				err = t.flush()
			}
			if err == nil && now.State == svc.Stopped {
				err = &exitError{code: exitUnreachable}
			}
			return err
		})
	}
	return cmd
}

var serviceStates = map[svc.State]string{
	svc.Stopped: "stopped", svc.StartPending: "starting", svc.StopPending: "stopping", svc.Running: "running",
	svc.ContinuePending: "continuing", svc.PausePending: "pausing", svc.Paused: "paused",
}

// serviceConfig is what Windows knows of a service.
type serviceConfig struct{ account, start, command, log string }

// serviceOf reads how a service was installed; what cannot be read is empty. (mgr's Config
// asks for more than wine 8 has.)
func serviceOf(s *mgr.Service) (c serviceConfig) {
	const largest = 8 << 10
	buf := make([]uint64, largest/8) // aligned
	q := (*windows.QUERY_SERVICE_CONFIG)(unsafe.Pointer(&buf[0]))
	var need uint32
	if err := windows.QueryServiceConfig(s.Handle, q, largest, &need); err != nil {
		return c
	}
	c.account, c.command = windows.UTF16PtrToString(q.ServiceStartName), windows.UTF16PtrToString(q.BinaryPathName)
	switch q.StartType {
	case mgr.StartAutomatic:
		c.start = startAuto
	case mgr.StartManual:
		c.start = startManual
	case mgr.StartDisabled:
		c.start = "disabled"
	}
	if args, err := windows.DecomposeCommandLine(c.command); err == nil {
		if i := slices.Index(args, "--"+logFileFlag); i >= 0 && i+1 < len(args) {
			c.log = args[i+1]
		}
	}
	return c
}

// explainService says what to do about an error, and gives it its exit code.
func explainService(name string, err error) error {
	var exit *exitError
	if err == nil || errors.As(err, &exit) {
		return err
	}
	code, cure := exitRefused, ""
	switch {
	case errors.Is(err, windows.ERROR_ACCESS_DENIED):
		cure = "this takes an elevated prompt: Run as administrator"
	case errors.Is(err, windows.ERROR_SERVICE_DOES_NOT_EXIST):
		code, cure = exitUnknown, "offhook service install makes one, --name names another"
	case errors.Is(err, windows.ERROR_SERVICE_EXISTS):
		cure = "offhook service uninstall removes it, --name makes another"
	case errors.Is(err, windows.ERROR_SERVICE_MARKED_FOR_DELETE):
		cure = "it goes when all windows and programs that look at it are closed"
	case errors.Is(err, windows.ERROR_SERVICE_LOGON_FAILED):
		cure = "the password is wrong, or the account may not log on as a service: services.msc sets both"
	case errors.Is(err, windows.ERROR_INVALID_SERVICE_ACCOUNT):
		cure = "there is no such account, or --password-file is missing"
	case errors.Is(err, windows.ERROR_SERVICE_DISABLED):
		cure = "services.msc enables it"
	default:
		var system windows.Errno
		if !errors.As(err, &system) { // of the configuration, for example
			return err
		}
	}
	if cure != "" {
		cure = " (" + cure + ")"
	}
	return &exitError{code, fmt.Errorf("service %s: %w%s", name, err, cure)}
}
