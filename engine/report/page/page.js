"use strict";
(() => {
const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const one = (selector, root = document) => root.querySelector(selector);
document.documentElement.classList.add("js");

// --- Which scenarios are shown --------------------------------------------------------

const scenarios = all(".scenario");
const filter = one(".filter");
if (filter) {
	const search = one("input", filter);
	let show = "all";
	const fits = (s) => {
		const o = s.dataset.outcome;
		return (show === "all" || show === o || (show === "flaky" && "flaky" in s.dataset) ||
			(show === "notpassed" && (o === "failed" || o === "error"))) &&
			search.value.toLowerCase().split(/\s+/).every((word) => s.dataset.text.includes(word));
	};
	const apply = () => {
		let n = 0;
		for (const s of scenarios) {
			s.hidden = !fits(s);
			n += s.hidden ? 0 : 1;
		}
		one(".shown", filter).textContent = n === scenarios.length ? "" : `${n} of ${scenarios.length}`;
		one("#nothing").hidden = n > 0 || scenarios.length === 0;
		for (const b of all("[data-show]", filter)) b.setAttribute("aria-pressed", String(b.dataset.show === show));
	};
	for (const b of all("[data-show]", filter)) {
		b.addEventListener("click", () => {
			show = b.dataset.show;
			apply();
		});
	}
	search.addEventListener("input", apply);
	const unfold = one(".unfold", filter);
	unfold.addEventListener("click", () => {
		const shown = scenarios.filter((s) => !s.hidden);
		const open = shown.some((s) => !s.open);
		for (const s of shown) s.open = open;
		unfold.textContent = open ? "Close all" : "Open all";
	});
	document.addEventListener("keydown", (e) => {
		if (e.key === "/" && !e.ctrlKey && !e.metaKey && !e.altKey && !/^(INPUT|SELECT|TEXTAREA)$/.test(e.target.tagName)) {
			e.preventDefault();
			search.focus();
		}
	});
}

// A link to a scenario opens it.
const follow = () => {
	const target = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
	for (let e = target; e; e = e.parentElement) {
		if (e.tagName === "DETAILS") e.open = true;
	}
	if (target) target.scrollIntoView();
};
addEventListener("hashchange", follow);
follow();

// On paper everything that did not pass is open.
let opened = [];
addEventListener("beforeprint", () => {
	opened = all(".scenario.failed, .scenario.error").filter((s) => !s.open);
	for (const s of opened) s.open = true;
});
addEventListener("afterprint", () => {
	for (const s of opened) s.open = false;
});

// --- Audio ----------------------------------------------------------------------------

let playing = null; // the audio that plays: one at a time
const players = new Map();
let context = null;

const stopOthers = (audio) => {
	if (playing && playing !== audio) playing.pause();
	playing = audio;
};

// start plays from a place, whether or not the audio was loaded before.
const start = (audio, from) => {
	stopOthers(audio);
	if (audio.readyState === 0) {
		audio.load();
		audio.addEventListener("loadedmetadata", () => { audio.currentTime = from; }, { once: true });
	} else {
		audio.currentTime = from;
	}
	return audio.play().catch((e) => {
		if (e.name !== "AbortError") {
			const note = audio.closest(".sound, li");
			note.dataset.broken = "This audio does not play here: the file is missing, or the browser cannot read it.";
		}
	});
};

class Player {
	constructor(root) {
		this.root = root;
		this.audio = one("audio", root);
		this.length = Number(root.dataset.length);
		this.toggle = one(".toggle", root);
		this.clock = one(".clock", root);
		this.wave = one(".wave", root);
		this.head = one(".head", root);
		this.until = Infinity;
		this.at = 0; // where it stands while nothing is loaded
		this.audio.controls = false;
		for (const e of all("[hidden]", one(".transport", root))) e.hidden = false;
		if (/^data:/.test(this.audio.src) === false) one(".listen", root).hidden = true; // Web Audio may not read other files
		this.toggle.addEventListener("click", () => this.flip());
		this.audio.addEventListener("play", () => this.run());
		this.audio.addEventListener("pause", () => this.show());
		this.audio.addEventListener("ended", () => { this.at = 0; this.show(); });
		one("select", root).addEventListener("change", (e) => this.listen(e.target.value));
		const w = this.wave;
		w.tabIndex = 0;
		w.setAttribute("role", "slider");
		w.setAttribute("aria-valuemin", "0");
		w.setAttribute("aria-valuemax", String(this.length));
		const place = (e) => {
			const box = w.getBoundingClientRect();
			return Math.max(0, Math.min(1, (e.clientX - box.left) / box.width)) * this.length;
		};
		w.addEventListener("click", (e) => this.play(place(e)));
		w.addEventListener("keydown", (e) => {
			const moves = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10, Home: -Infinity, End: Infinity };
			if (e.key === " " || e.key === "Enter") this.flip();
			else if (e.key in moves) this.seek(this.now() + moves[e.key]);
			else return;
			e.preventDefault();
		});
		this.show();
	}

	now() {
		return this.audio.readyState ? this.audio.currentTime : this.at;
	}

	seek(to) {
		this.at = Math.max(0, Math.min(this.length, to));
		this.until = Infinity;
		if (this.audio.readyState) this.audio.currentTime = this.at;
		this.show();
	}

	play(from, until = Infinity) {
		this.at = from;
		this.until = until;
		start(this.audio, from);
	}

	flip() {
		if (!this.audio.paused) this.audio.pause();
		else this.play(this.now() >= this.length - 0.05 ? 0 : this.now());
	}

	// listen chooses a side: the left channel was heard, the right one said.
	listen(side) {
		if (!this.gains) {
			context ??= new AudioContext();
			const source = context.createMediaElementSource(this.audio);
			const split = context.createChannelSplitter(2);
			source.connect(split);
			this.gains = [0, 1].map((channel) => {
				const gain = context.createGain();
				split.connect(gain, channel);
				gain.connect(context.destination);
				return gain;
			});
		}
		context.resume();
		this.gains[0].gain.value = side === "said" ? 0 : 1;
		this.gains[1].gain.value = side === "heard" ? 0 : 1;
	}

	run() {
		stopOthers(this.audio);
		const step = () => {
			if (this.audio.currentTime >= this.until) {
				this.until = Infinity;
				this.audio.pause();
			}
			this.show();
			if (!this.audio.paused) requestAnimationFrame(step);
		};
		step();
	}

	show() {
		const t = this.now();
		this.head.style.left = `${Math.min(100, (100 * t) / this.length)}%`;
		this.root.classList.toggle("touched", t > 0 || !this.audio.paused);
		this.toggle.textContent = this.audio.paused ? "Play" : "Pause";
		const text = `${t.toFixed(1)} / ${this.length.toFixed(1)} s`;
		this.clock.textContent = text;
		this.wave.setAttribute("aria-valuenow", t.toFixed(2));
		this.wave.setAttribute("aria-valuetext", text);
	}
}

for (const root of all(".sound")) {
	if (one("audio", root)) players.set(root.id, new Player(root));
}
for (const audio of all("audio")) audio.addEventListener("play", () => stopOthers(audio));
document.addEventListener("click", (e) => {
	const button = e.target.closest("button.play");
	if (!button) return;
	if (button.dataset.reference) {
		start(one("audio", document.getElementById(button.dataset.reference)), 0);
	} else {
		players.get(button.dataset.sound)?.play(Number(button.dataset.from), Number(button.dataset.to));
	}
});

// --- The ladder -----------------------------------------------------------------------

for (const sip of all(".sip")) {
	one(".withsteps input", sip).addEventListener("change", (e) => sip.classList.toggle("nosteps", !e.target.checked));
}

// --- Plots: what the reader points at, as figures ----------------------------------------

for (const area of all(".area[data-plot]")) {
	const out = one(".readout", area.parentElement);
	let lines = null;
	const cross = document.createElement("i");
	cross.className = "cross";
	cross.hidden = true;
	area.append(cross);
	area.addEventListener("pointermove", (e) => {
		lines ??= JSON.parse(area.dataset.plot);
		const box = area.getBoundingClientRect();
		const x = (100 * (e.clientX - box.left)) / box.width;
		const near = (line) => (line.x ?? []).reduce((best, v, i) => (Math.abs(v - x) < Math.abs(line.x[best] - x) ? i : best), 0);
		const first = lines.find((l) => l.x?.length);
		if (!first) return;
		const i = near(first);
		cross.hidden = false;
		cross.style.left = `${first.x[i]}%`;
		out.textContent = `${first.t[i]}: ` + lines.filter((l) => l.x?.length).map((l) => `${l.name} ${l.y[near(l)]}`.trim()).join(", ");
	});
	area.addEventListener("pointerleave", () => {
		cross.hidden = true;
		out.textContent = "";
	});
}
})();
