' Commands Offhook from VBScript, which can send no messages itself.
'
'   cscript //nologo phone.vbs 1001        by the command line: any that MicroSIP has
'   cscript //nologo phone.vbs /hangupall
'   cscript //nologo phone.vbs dde [Dial(1001)]   by DDE, which Excel has to be there for
Option Explicit

' Where offhook.exe lies under the name MicroSIP.exe.
Const Program = "C:\Program Files\Offhook\MicroSIP.exe"

Sub Say(line)
    CreateObject("WScript.Shell").Run """" & Program & """ " & line, 0, True
End Sub

Sub Dde(commands)
    Dim excel, channel
    Set excel = CreateObject("Excel.Application")
    channel = excel.DDEInitiate("MicroSIP", "control")
    excel.DDEExecute channel, commands
    excel.DDETerminate channel
    excel.Quit
End Sub

Dim line, i
For i = 0 To WScript.Arguments.Count - 1
    line = line & " " & WScript.Arguments(i)
Next
line = Trim(line)
If Left(line, 4) = "dde " Then
    Dde Mid(line, 5)
ElseIf line <> "" Then
    Say line
Else
    WScript.Echo "usage: cscript phone.vbs COMMAND LINE | dde COMMANDS"
    WScript.Quit 1
End If
