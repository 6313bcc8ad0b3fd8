//go:build integration

package reports

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/offhook-voip/offhook/engine/report"
)

// A browser is Debian's chromium without a window. What it complains of fails the test.
type browser struct {
	t   *testing.T
	ctx context.Context

	mu         sync.Mutex
	complaints []string
	asked      []string // every URL, but data: ones
}

// newBrowser starts chromium, which ends with the test.
func newBrowser(t *testing.T) *browser {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal("chromium is missing: test/peers/install.sh installs it")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox,
		chromedp.UserDataDir(t.TempDir()), chromedp.WSURLReadTimeout(2*time.Minute),
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND"), // there is no network
		chromedp.Flag("autoplay-policy", "no-user-gesture-required"))
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	b := &browser{t: t, ctx: ctx}
	b.do() // starts it
	err = chromedp.Listen(ctx, func(ev any) {
		b.mu.Lock()
		defer b.mu.Unlock()
		switch ev := ev.(type) {
		case *runtime.EventExceptionThrown:
			text := ev.ExceptionDetails.Text
			if e := ev.ExceptionDetails.Exception; e != nil {
				text += " " + e.Description
			}
			b.complaints = append(b.complaints, text)
		case *runtime.EventConsoleAPICalled:
			b.complaints = append(b.complaints, fmt.Sprintf("console.%s", ev.Type))
		case *log.EventEntryAdded:
			b.complaints = append(b.complaints, ev.Entry.Text)
		case *network.EventRequestWillBeSent:
			if !strings.HasPrefix(ev.Request.URL, "data:") {
				b.asked = append(b.asked, ev.Request.URL)
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	call(b, network.Enable, network.EnableParams{})
	call(b, log.Enable, cdp.Empty{})
	return b
}

func (b *browser) do(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, actions...); err != nil {
		b.t.Fatal(err)
	}
}

// call sends a command of the browser's protocol.
func call[P, R any](b *browser, c cdp.Command[P, R], params P) {
	b.t.Helper()
	if _, err := chromedp.Call(b.ctx, c, params); err != nil {
		b.t.Fatal(err)
	}
}

// eval returns what a script gives.
func eval[T any](b *browser, script string) T {
	b.t.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](script))
	if err != nil {
		b.t.Fatalf("%v, in %s", err, script)
	}
	return v
}

// run runs a script.
func (b *browser) run(script string) {
	b.t.Helper()
	eval[chromedp.Void](b, script)
}

// click clicks on an element, in the middle of the window: the filter lies over what is
// at its top.
func (b *browser) click(selector string) {
	b.t.Helper()
	b.run(`document.querySelector(` + strconv.Quote(selector) + `).scrollIntoView({block: "center"})`)
	b.do(chromedp.Click(chromedp.CSS(selector)))
}

// until waits for a script to be true.
func (b *browser) until(script string) {
	b.t.Helper()
	if _, err := chromedp.Run(b.ctx, chromedp.Poll[chromedp.Void](script, chromedp.WithPollingTimeout(time.Minute))); err != nil {
		b.t.Fatalf("never true: %s: %v", script, err)
	}
}

// quiet fails the test if the page made a noise or asked for anything but itself.
func (b *browser) quiet(pageURL string) {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, c := range b.complaints {
		b.t.Errorf("the browser says: %s", c)
	}
	for _, u := range b.asked {
		if u, _, _ := strings.Cut(u, "#"); u != pageURL && u != "about:blank" {
			b.t.Errorf("the page asked for %s", u)
		}
	}
}

// shoot keeps a picture of the whole page where SCREENSHOTS says.
func (b *browser) shoot(name string) {
	b.t.Helper()
	dir := os.Getenv("SCREENSHOTS")
	if dir == "" {
		return
	}
	png, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
	if err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), png, 0o644); err != nil {
		b.t.Fatal(err)
	}
}

// look sets the size and the colours that the reader has.
func (b *browser) look(width int64, scheme string) {
	b.t.Helper()
	b.do(chromedp.EmulateViewport(width, 900))
	call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: scheme},
	}})
}

// runPage writes the page of the sample run and returns its URL.
func runPage(t *testing.T, o report.HTMLOptions) string {
	t.Helper()
	o.Folder = t.TempDir()
	r, err := Sample(o.Folder)
	if err != nil {
		t.Fatal(err)
	}
	return writePage(t, o.Folder, func(f *os.File) error { return report.WriteHTML(f, r, o) })
}

func writePage(t *testing.T, dir string, write func(*os.File) error) string {
	t.Helper()
	path := filepath.Join(dir, "index.html")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := write(f); err != nil {
		t.Fatal(err)
	}
	return "file://" + path
}

// tooWide returns what sticks out of the page, in words.
const tooWide = `(() => {
	const w = document.documentElement.clientWidth, out = [];
	if (document.documentElement.scrollWidth > w) out.push("the page is " + document.documentElement.scrollWidth + " wide");
	for (const e of document.querySelectorAll("body *")) {
		if (e.closest(".scroll, pre, .wave, svg, .hide, .arrow, .band, .heads, .area") || !e.checkVisibility()) continue;
		const r = e.getBoundingClientRect();
		if (r.right > w + 1 || r.left < -1) out.push(e.tagName + "." + e.className + " " + Math.round(r.left) + "–" + Math.round(r.right));
	}
	return out.slice(0, 10);
})()`

// tooFaint returns text whose contrast to what is behind it is below AA of WCAG 2.
const tooFaint = `(() => {
	const rgba = (c) => {
		const m = c.match(/[\d.]+/g).map(Number);
		if (c.startsWith("color(")) return [255 * m[0], 255 * m[1], 255 * m[2], m[3] ?? 1];
		return [m[0], m[1], m[2], m[3] ?? 1];
	};
	const over = (a, b) => [0, 1, 2].map((i) => a[i] * a[3] + b[i] * (1 - a[3])).concat(1);
	const behind = (e) => {
		const stack = [];
		for (let p = e; p; p = p.parentElement) stack.push(rgba(getComputedStyle(p).backgroundColor));
		return stack.reduceRight((below, c) => over(c, below), [255, 255, 255, 1]);
	};
	const light = (c) => {
		const [r, g, b] = c.slice(0, 3).map((v) => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
		return 0.2126 * r + 0.7152 * g + 0.0722 * b;
	};
	const out = new Set();
	const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	while (walk.nextNode()) {
		const e = walk.currentNode.parentElement;
		if (!walk.currentNode.data.trim() || !e.checkVisibility() || e.closest("option")) continue;
		const back = behind(e), a = light(over(rgba(getComputedStyle(e).color), back)), b = light(back);
		const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
		if (ratio < 4.5) out.add(ratio.toFixed(2) + ": " + e.tagName + "." + e.className + " in " + e.parentElement.className + " " + walk.currentNode.data.trim().slice(0, 30));
	}
	return [...out].slice(0, 20);
})()`

func (b *browser) fits(width int64, scheme string) {
	b.t.Helper()
	b.look(width, scheme)
	for _, w := range eval[[]string](b, tooWide) {
		b.t.Errorf("at %d px: %s", width, w)
	}
	for _, f := range eval[[]string](b, tooFaint) {
		b.t.Errorf("%s: too little contrast, %s", scheme, f)
	}
}

const openAll = `for (const d of document.querySelectorAll("details")) d.open = true`

// The page is whole and readable on a screen and on a phone, light and dark, without a
// network and without an error.
func TestRunPage(t *testing.T) {
	url := runPage(t, report.HTMLOptions{})
	b := newBrowser(t)
	for _, width := range []int64{1280, 390} {
		for _, scheme := range []string{"light", "dark"} {
			b.look(width, scheme)
			b.do(chromedp.Navigate(url))
			b.shoot(fmt.Sprintf("run-%d-%s", width, scheme))
			b.fits(width, scheme)
			b.run(openAll)
			b.fits(width, scheme)
			b.run(`for (const d of document.querySelectorAll("details.rung, .steps details, .more")) d.open = false`)
			b.shoot(fmt.Sprintf("run-%d-%s-open", width, scheme))
		}
	}
	if title := eval[string](b, "document.title"); title != "Acme IVR, nightly" {
		t.Errorf("a scenario's text has become a script: the title is %q", title)
	}
	if n := eval[int](b, `document.querySelectorAll("script").length`); n != 1 {
		t.Errorf("%d scripts", n)
	}
	if strings.Contains(eval[string](b, "document.documentElement.outerHTML"), Secret) {
		t.Error("a secret is in the page")
	}
	b.quiet(url)
}

func TestRunPageFilters(t *testing.T) {
	url := runPage(t, report.HTMLOptions{MaxAudio: -1})
	b := newBrowser(t)
	b.look(1280, "light")
	b.do(chromedp.Navigate(url))
	const shown = `[...document.querySelectorAll(".scenario")].filter((s) => s.checkVisibility()).length`
	for _, c := range []struct {
		press string
		want  int
	}{{"failed", 3}, {"error", 1}, {"notpassed", 4}, {"flaky", 1}, {"passed", 3}, {"skipped", 1}, {"all", 8}} {
		b.click(`[data-show="` + c.press + `"]`)
		if got := eval[int](b, shown); got != c.want {
			t.Errorf("%s shows %d scenarios, not %d", c.press, got, c.want)
		}
		if !eval[bool](b, `document.querySelector('[data-show="`+c.press+`"]').getAttribute("aria-pressed") === "true"`) {
			t.Errorf("%s is not marked as pressed", c.press)
		}
	}
	b.do(chromedp.KeyEvent("/"))
	b.run(`document.activeElement.value = ""`) // the protocol delivers the character even so
	b.do(chromedp.KeyEvent("LOSS quality.yaml"))
	if got := eval[int](b, shown); got != 1 {
		t.Errorf("a search shows %d scenarios, not 1", got)
	}
	b.do(chromedp.KeyEvent(" nothing like it"))
	if !eval[bool](b, `document.querySelector("#nothing").checkVisibility()`) {
		t.Error("it does not say that nothing fits")
	}
	b.do(chromedp.Navigate(url + "#s6"))
	b.until(`document.querySelector("#s6").open`)
	b.quiet(url)
}

// Each SIP message opens with a click and by the keyboard.
func TestRunPageMessagesOpen(t *testing.T) {
	url := runPage(t, report.HTMLOptions{MaxAudio: -1})
	b := newBrowser(t)
	b.look(1280, "light")
	b.do(chromedp.Navigate(url))
	const first = `#s1 details.rung.request`
	b.click("#s1 > summary")
	b.click(first + " > summary")
	if text := eval[string](b, `document.querySelector("`+first+`[open] pre").innerText`); !strings.HasPrefix(text, "REGISTER sip:pbx.example.com SIP/2.0") {
		t.Errorf("the message is %q", text)
	}
	b.do(chromedp.Focus(chromedp.CSS("#s1 details.rung.response > summary")), chromedp.KeyEvent("\r"))
	if text := eval[string](b, `document.querySelector("#s1 details.rung.response[open] pre").innerText`); !strings.HasPrefix(text, "SIP/2.0 401") {
		t.Errorf("by the keyboard the message is %q", text)
	}
	if n := eval[int](b, `document.querySelectorAll("#s1 details.rung").length`); n != 15 {
		t.Errorf("%d messages", n)
	}
	b.click("#s1 .withsteps input")
	if eval[bool](b, `document.querySelector("#s1 .rung.step").checkVisibility()`) {
		t.Error("the steps stay in the ladder")
	}
	b.quiet(url)
}

// Audio in the page and beside it plays from where one clicks.
func TestRunPagePlays(t *testing.T) {
	for name, o := range map[string]report.HTMLOptions{"in the page": {}, "beside it": {MaxAudio: -1}} {
		t.Run(name, func(t *testing.T) {
			url := runPage(t, o)
			b := newBrowser(t)
			b.look(1280, "dark")
			b.do(chromedp.Navigate(url))
			b.click("#s1 > summary")
			const audio = `document.querySelector("#s1 audio")`
			b.click("#s1 .toggle")
			b.until(audio + ".currentTime > 0.2")
			if d := eval[float64](b, audio+".duration"); d < 13 || d > 13.3 {
				t.Errorf("%.2f s of audio", d)
			}
			b.click("#s1 .toggle")
			b.until(audio + ".paused")
			b.click("#s1 .wave") // in the middle
			b.until(audio + ".currentTime > 6.6 && !" + audio + ".paused")
			b.do(chromedp.Focus(chromedp.CSS("#s1 .wave")), chromedp.KeyEvent("\r"))
			b.until(audio + ".paused")
			at := eval[float64](b, audio+".currentTime")
			b.do(chromedp.KeyEvent(kb.ArrowLeft))
			if now := eval[float64](b, audio+".currentTime"); now > at-.9 {
				t.Errorf("the arrow key goes from %.2f to %.2f", at, now)
			}
			if o.MaxAudio == 0 {
				b.do(chromedp.SetValue(chromedp.CSS("#s1 .listen select"), "said"))
				b.run(`document.querySelector("#s1 .listen select").dispatchEvent(new Event("change"))`)
				b.click("#s1 .toggle")
				b.until(audio + ".currentTime > " + fmt.Sprint(at))
			}
			// What was expected, and what was heard instead, which ends by itself.
			b.click(`#s3 .failure [data-reference]`)
			b.until(`!document.querySelector("#ref1 audio").paused && document.querySelector("#ref1 audio").currentTime > 0.1`)
			if !eval[bool](b, audio+".paused") {
				t.Error("two audios play at once")
			}
			b.click(`#s3 .failure [data-sound]`)
			b.until(`document.querySelector("#s3 audio").currentTime > 0.1`)
			if o.MaxAudio == 0 {
				b.quiet(url)
			}
		})
	}
}

// Without a script the essentials are there: everything opens, plays and is listed.
func TestRunPageWithoutScript(t *testing.T) {
	url := runPage(t, report.HTMLOptions{})
	b := newBrowser(t)
	b.look(1280, "light")
	call(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	b.do(chromedp.Navigate(url))
	b.click("#s1 > summary")
	b.click("#s1 details.rung > summary")
	b.shoot("run-noscript")
	for selector, want := range map[string]bool{
		"#s1 details.rung[open] pre": true, "#s1 audio[controls]": true, ".filter": false, ".withsteps": false, "#s1 .toggle": false, "#ref1 audio": true,
	} {
		if got := eval[bool](b, `document.querySelector("`+selector+`").checkVisibility()`); got != want {
			t.Errorf("%s is shown: %v", selector, got)
		}
	}
	b.quiet(url)
}

// Paper gets a page of its own.
func TestRunPagePrints(t *testing.T) {
	url := runPage(t, report.HTMLOptions{})
	b := newBrowser(t)
	b.do(chromedp.Navigate(url))
	call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"})
	b.shoot("run-print")
	if eval[bool](b, `document.querySelector(".filter").checkVisibility()`) {
		t.Error("paper has buttons")
	}
	pdf, err := chromedp.Run(b.ctx, chromedp.PrintToPDF(chromedp.PDFPrintBackground()))
	if err != nil || len(pdf) < 10_000 {
		t.Fatalf("a PDF of %d bytes (%v)", len(pdf), err)
	}
	if dir := os.Getenv("SCREENSHOTS"); dir != "" {
		if err := os.WriteFile(filepath.Join(dir, "run.pdf"), pdf, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	b.quiet(url)
}

// The page of load is as readable as that of scenarios.
func TestLoadPage(t *testing.T) {
	run := Load()
	url := writePage(t, t.TempDir(), func(f *os.File) error { return report.WriteLoadHTML(f, run) })
	b := newBrowser(t)
	for _, width := range []int64{1280, 390} {
		for _, scheme := range []string{"light", "dark"} {
			b.look(width, scheme)
			b.do(chromedp.Navigate(url))
			b.fits(width, scheme)
			b.shoot(fmt.Sprintf("load-%d-%s", width, scheme))
		}
	}
	b.look(1280, "light")
	b.run(`document.querySelector(".area[data-plot]").scrollIntoView({block: "center"})`)
	b.run(`(() => {
		const area = document.querySelector(".area[data-plot]"), box = area.getBoundingClientRect();
		area.dispatchEvent(new PointerEvent("pointermove", {clientX: box.left + box.width / 2, clientY: box.top + 5}));
	})()`)
	if text := eval[string](b, `document.querySelector(".readout").textContent`); !strings.Contains(text, "planned 20, begun ") {
		t.Errorf("pointing at a plot says %q", text)
	}
	if title := eval[string](b, "document.title"); title != run.Name {
		t.Errorf("the title is %q", title)
	}
	b.quiet(url)
}
