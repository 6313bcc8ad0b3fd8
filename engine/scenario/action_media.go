package scenario

import "time"

// ExpectPrompt expects that a prompt is heard.
type ExpectPrompt struct {
	// File is the reference, a WAV or MP3.
	File SoundFile `yaml:"file,short"`
	// Any are references of which one is to be heard.
	Any []SoundFile `yaml:"any"`
	// Likeness is the least that counts as the prompt; what the matching takes for alike unless
	// it is said.
	Likeness Percent `yaml:"likeness"`
	// Within is how long it may take until the prompt begins, from this step's beginning. It is
	// heard to its end.
	Within time.Duration `yaml:"within"`
	// As is the variable that gets the name of the file that was heard, as it stands here.
	As string `yaml:"as,variable"`
}

// ExpectTone expects a tone.
type ExpectTone struct {
	// Tone is a tone by its name.
	Tone Tone `yaml:"tone,short"`
	// Country is where that tone is known, by ISO 3166's two letters; any unless it is said.
	Country string `yaml:"country"`
	// Hz are the frequencies of a tone that has no name, all at once.
	Hz []float64 `yaml:"hz"`
	// Cadence are the times for which it sounds and is silent in turn; steady unless it is said.
	Cadence []time.Duration `yaml:"cadence"`
	// Within is how long it may take until the tone begins, from this step's beginning.
	Within time.Duration `yaml:"within"`
	// For is how long it has to sound, pauses of its cadence included; until it is known for sure
	// unless it is said.
	For time.Duration `yaml:"for"`
}

// ExpectSilence expects that nothing is heard.
type ExpectSilence struct {
	// For is how long it has to be silent: 1 s unless it is said.
	For time.Duration `yaml:"for,short"`
	// Within is how long it may take until the silence begins, from this step's beginning.
	Within time.Duration `yaml:"within"`
}

// ExpectSpeech expects that somebody speaks.
type ExpectSpeech struct {
	// For is how long, short pauses included: 300 ms unless it is said.
	For time.Duration `yaml:"for,short"`
	// Within is how long it may take until the speech begins, from this step's beginning.
	Within time.Duration `yaml:"within"`
}

// ExpectMachine expects that an answering machine has answered.
type ExpectMachine struct {
	// Beep is whether the step ends after the machine's beep.
	Beep bool `yaml:"beep"`
	// Within is how long it may take until that is known.
	Within time.Duration `yaml:"within,short"`
}

// ExpectHuman expects that a person has answered.
type ExpectHuman struct {
	// Within is how long it may take until that is known.
	Within time.Duration `yaml:"within,short"`
}

// ExpectDTMF expects digits.
type ExpectDTMF struct {
	// Digits are those that have to come, in order and no others between them.
	Digits string `yaml:"digits,short"`
	// Matches is a regular expression for the digits.
	Matches Pattern `yaml:"matches"`
	// Method is how they have to come; any unless it is said.
	Method DTMFMethod `yaml:"method"`
	// As is the variable that gets the digits, or the first group of `matches`.
	As string `yaml:"as,variable"`
	// Within is how long it may take until the last one, from this step's beginning. Digits that
	// came before it and were not expected yet count.
	Within time.Duration `yaml:"within"`
}

// ExpectText expects that something is said, as a recogniser of speech understands it.
type ExpectText struct {
	// Text is what has to be said, among other things; neither case nor punctuation count.
	Text string `yaml:"text,short"`
	// Matches is a regular expression for all that is said.
	Matches Pattern `yaml:"matches"`
	// Language is what the recogniser is told, as en or de-CH.
	Language string `yaml:"language"`
	// As is the variable that gets the text, or the first group of `matches`.
	As string `yaml:"as,variable"`
	// Within is how long it may take until it was said, from this step's beginning.
	Within time.Duration `yaml:"within"`
}

// ExpectHeader expects a header in a message that the actor received.
type ExpectHeader struct {
	// In is the message: the method of a request, or the code of a response (4xx is any of
	// them). The newest that came counts, or the next that comes.
	In MessageKind `yaml:"in,required"`
	// Header is the header's name, in any case.
	Header string `yaml:"header,required"`
	// Equals is what its value has to be.
	Equals string `yaml:"equals"`
	// Matches is a regular expression for its value.
	Matches Pattern `yaml:"matches"`
	// Absent is that there has to be none.
	Absent bool `yaml:"absent"`
	// As is the variable that gets the value, or the first group of `matches`.
	As string `yaml:"as,variable"`
	// Within is how long it may take until the message is there.
	Within time.Duration `yaml:"within"`
}

// ExpectBody expects a text in the body of a message that the actor received.
type ExpectBody struct {
	// In is the message, as of expect-header.
	In MessageKind `yaml:"in,required"`
	// Matches is a regular expression for the body.
	Matches Pattern `yaml:"matches,required"`
	// As is the variable that gets what matches, or the first group.
	As string `yaml:"as,variable"`
	// Within is how long it may take until the message is there.
	Within time.Duration `yaml:"within"`
}

// ExpectCodec expects that a codec is in use.
type ExpectCodec struct {
	// Codec are names of which one has to be, as PCMU or opus; case does not count.
	Codec []string `yaml:"codec,required,short"`
}

// ExpectMOS expects a quality of the call so far (E-model).
type ExpectMOS struct {
	// AtLeast is the least MOS, 1 to 4.5.
	AtLeast float64 `yaml:"at-least,required,short"`
	// Direction is what was received unless it is said.
	Direction Direction `yaml:"direction"`
}

// ExpectLoss expects that few packets of the call were lost so far.
type ExpectLoss struct {
	// AtMost is the most that may be lost.
	AtMost Percent `yaml:"at-most,required,short"`
	// Direction is what was received unless it is said.
	Direction Direction `yaml:"direction"`
}

// ExpectJitter expects that the packets of the call came evenly so far.
type ExpectJitter struct {
	// AtMost is the most that the mean jitter may be (RFC 3550).
	AtMost time.Duration `yaml:"at-most,required,short"`
	// Direction is what was received unless it is said.
	Direction Direction `yaml:"direction"`
}

// ExpectRTP expects that packets flow.
type ExpectRTP struct {
	// Direction is both unless it is said.
	Direction Direction `yaml:"direction,short"`
	// Packets is how many more have to, in each direction: 10 unless it is said.
	Packets int `yaml:"packets"`
	// Within is how long it may take from this step's beginning.
	Within time.Duration `yaml:"within"`
}

// ExpectNoAudio expects that no RTP packets flow.
type ExpectNoAudio struct {
	// For is how long: 1 s unless it is said.
	For time.Duration `yaml:"for,short"`
	// Direction is what is received unless it is said.
	Direction Direction `yaml:"direction"`
}

// Say speaks a text into the call.
type Say struct {
	// Text is what is said.
	Text string `yaml:"text,required,short"`
	// Voice is a voice of the program that speaks; its own choice unless it is said.
	Voice string `yaml:"voice"`
	// Language is what the program is told, as en or de-CH.
	Language string `yaml:"language"`
	// Wait is whether the step lasts until all was said: it does unless this is false.
	Wait *bool `yaml:"wait"`
}

// Play plays sound files into the call.
type Play struct {
	// Files are played one after the other.
	Files []SoundFile `yaml:"files,required,short"`
	// Loop plays them again and again, until stop-playing or the call's end.
	Loop bool `yaml:"loop"`
	// Wait is whether the step lasts until all was played: it does unless this is false or Loop
	// is set.
	Wait *bool `yaml:"wait"`
}

// StopPlaying ends what is played and said.
type StopPlaying struct{}

// SendDTMF sends digits.
type SendDTMF struct {
	// Digits are 0 to 9, *, #, A to D, and a comma for a pause of a second.
	Digits string `yaml:"digits,required,short"`
	// Method is how they are sent; auto unless it is said.
	Method DTMFMethod `yaml:"method"`
	// Duration is that of a digit; the engine's unless it is said.
	Duration time.Duration `yaml:"duration"`
	// Gap is the time between two digits; the engine's unless it is said.
	Gap time.Duration `yaml:"gap"`
}

// Record records the call to its end, or until the steps are over.
type Record struct {
	// File is the WAV that is written, into the folder of the run's results.
	File string `yaml:"file,required,short"`
	// Direction is what is recorded: both, on two channels, unless it is said.
	Direction Direction `yaml:"direction"`
}
