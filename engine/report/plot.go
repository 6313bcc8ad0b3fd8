package report

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// plot is a drawing of values over time, drawn here and not by a script. Its
// SVG is stretched to whatever width there is; the text is HTML beside it and is not.
type plot struct {
	Title, Unit string
	Lines       []plotLine
	X, Y        []tick
	// Data is for the script: what the reader points at.
	Data string
}

type plotLine struct {
	Name, Class, Path string
	Last              string // a figure that is shown beside the name
}

// tick is a label at a place, in per cent.
type tick struct {
	At    float64
	Label string
}

// A series is a line of a plot that is yet to be drawn. A NaN is a gap.
type series struct {
	name, class string
	x, y        []float64
	figure      string
	labels      []string // of x, where it is not seconds
}

// percent is where v lies between from and to, with two decimals, in per cent.
func percent(v, from, to float64) float64 {
	if to <= from {
		return 0
	}
	return math.Round(max(0, min(1, (v-from)/(to-from)))*1e4) / 100
}

// niceStep is a step of 1, 2 or 5 times a power of ten that divides span into about n.
func niceStep(span float64, n int) float64 {
	if span <= 0 {
		return 1
	}
	raw := span / float64(n)
	power := math.Pow(10, math.Floor(math.Log10(raw)))
	for _, m := range []float64{1, 2, 5} {
		if raw <= m*power*1.0001 {
			return m * power
		}
	}
	return 10 * power
}

func number(v float64) string {
	return strconv.FormatFloat(math.Round(v*1000)/1000, 'f', -1, 64)
}

// ticks are labels from from to to. They are of seconds where unit is "s".
func ticks(from, to float64, n int, unit string) []tick {
	step := niceStep(to-from, n)
	if unit == "s" && step > 5 { // people count seconds by the dozen
		for _, s := range []float64{10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600} {
			if step <= s {
				step = s
				break
			}
		}
	}
	var list []tick
	for i := math.Ceil(from/step - 1e-9); i*step <= to+step*1e-6; i++ {
		v := i*step + 0 // not -0
		label := number(v)
		if unit == "s" {
			label = clock(v)
		}
		list = append(list, tick{percent(v, from, to), label})
	}
	return list
}

// clock is seconds as "2.5 s" below a minute, "1:05" above.
func clock(v float64) string {
	if v < 60 {
		return number(v) + " s"
	}
	return fmt.Sprintf("%d:%02d", int(v)/60, int(v)%60)
}

// drawPlot draws lines over seconds from from to to. The values are from low to high; a
// high of 0 is what the values ask for, but at least least.
func drawPlot(title, unit string, from, to, low, high, least float64, all []series) plot {
	p := plot{Title: title, Unit: unit}
	if high == 0 {
		high = least
		for _, s := range all {
			for _, v := range s.y {
				if !math.IsNaN(v) && !math.IsInf(v, 0) {
					high = max(high, v)
				}
			}
		}
		step := niceStep(high-low, 3)
		high = math.Ceil(high/step-1e-9) * step
	}
	type dataLine struct {
		Name string    `json:"name"`
		X    []float64 `json:"x"` // per cent
		T    []string  `json:"t"`
		Y    []float64 `json:"y"`
	}
	var data []dataLine
	for _, s := range all {
		var b strings.Builder
		d := dataLine{Name: s.name}
		pen := "M"
		for i, v := range s.y {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				pen = "M"
				continue
			}
			x, y := percent(s.x[i], from, to), 100-percent(v, low, high)
			fmt.Fprintf(&b, "%s%s %s", pen, number(x*10), number(y))
			if pen == "M" { // a single point shows too
				fmt.Fprintf(&b, "h.1")
			}
			pen = "L"
			label := clock(math.Round(s.x[i]*10) / 10)
			if s.labels != nil {
				label = s.labels[i]
			}
			rounded := math.Round(v*1000) / 1000
			d.X, d.T, d.Y = append(d.X, x), append(d.T, label), append(d.Y, rounded)
		}
		p.Lines = append(p.Lines, plotLine{Name: s.name, Class: s.class, Path: b.String(), Last: s.figure})
		data = append(data, d)
	}
	p.X = ticks(from, to, 6, "s")
	for _, t := range ticks(low, high, 3, "") {
		p.Y = append(p.Y, tick{100 - t.At, t.Label})
	}
	if b, err := json.Marshal(data); err == nil {
		p.Data = string(b)
	}
	return p
}
