; Commands Offhook from AutoHotkey 2, in the ways that Windows has.
#Requires AutoHotkey v2.0
DetectHiddenWindows true ; the window is never shown

; Ctrl+Alt+D dials what is in the clipboard, Ctrl+Alt+A answers, Ctrl+Alt+H hangs up or rejects.
^!d:: Say("tel:" . Trim(A_Clipboard))
^!a:: SendId(40001)
^!h:: SendId(40002)
; Ctrl+Alt+O holds and resumes, by DDE.
^!o:: Dde("[Hold]")

; Say sends any command line of MicroSIP by WM_COPYDATA; true: it was taken.
Say(line) {
    static WM_COPYDATA := 0x4A
    text := Buffer(StrPut(line, "UTF-16"))
    StrPut(line, text, "UTF-16")
    data := Buffer(3 * A_PtrSize, 0)
    NumPut("Ptr", 1, "UInt", text.Size, data) ; dwData 1, cbData
    NumPut("Ptr", text.Ptr, data, 2 * A_PtrSize)
    return SendMessage(WM_COPYDATA, 0, data, , "ahk_class MicroSIP") = 0
}

; SendId sends WM_COMMAND: 40001 answers, 40002 hangs up or rejects, 40003 redials.
SendId(id) {
    static WM_COMMAND := 0x111
    PostMessage(WM_COMMAND, id, 0, , "ahk_class MicroSIP")
}

; Dde executes commands by DDE; true: they were taken.
Dde(commands) {
    static nothing := CallbackCreate((*) => 0, , 8)
    instance := 0
    DllCall("DdeInitializeW", "UInt*", &instance, "Ptr", nothing, "UInt", 0x10, "UInt", 0)
    service := DllCall("DdeCreateStringHandleW", "UInt", instance, "Str", "MicroSIP", "Int", 1200, "Ptr")
    topic := DllCall("DdeCreateStringHandleW", "UInt", instance, "Str", "control", "Int", 1200, "Ptr")
    talk := DllCall("DdeConnect", "UInt", instance, "Ptr", service, "Ptr", topic, "Ptr", 0, "Ptr")
    text := Buffer(StrPut(commands, "UTF-16"))
    StrPut(commands, text, "UTF-16")
    taken := talk && DllCall("DdeClientTransaction", "Ptr", text, "UInt", text.Size, "Ptr", talk, "Ptr", 0, "UInt", 0,
        "UInt", 0x4050, "UInt", 30000, "UInt*", 0, "Ptr")
    DllCall("DdeUninitialize", "UInt", instance)
    return taken != 0
}

; By the command line: the program called MicroSIP.exe hands it over.
DialByCommandLine(number) => RunWait('"C:\Program Files\Offhook\MicroSIP.exe" ' . number)
