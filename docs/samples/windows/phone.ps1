<#
.SYNOPSIS
    Commands Offhook from PowerShell, in the ways that Windows has.
.EXAMPLE
    .\phone.ps1 message 1001
    WM_COPYDATA: any command line of MicroSIP.
.EXAMPLE
    .\phone.ps1 id 40001
    WM_COMMAND: 40001 answers, 40002 hangs up or rejects, 40003 redials.
.EXAMPLE
    .\phone.ps1 dde '[Hold][Transfer(1002)]'
.EXAMPLE
    .\phone.ps1 ask State
    A DDE item.
.EXAMPLE
    .\phone.ps1 pipe '' offhook
    The status, by the API on the pipe \\.\pipe\offhook; or a command line in the place of ''.
#>
#Requires -Version 5.1
[CmdletBinding()]
param(
    [Parameter(Mandatory = $true)]
    [ValidateSet('message', 'id', 'dde', 'ask', 'pipe')]
    [string]$Way,
    [Parameter(Mandatory = $true)]
    [AllowEmptyString()]
    [string]$Text,
    [string]$Pipe = 'offhook'
)
Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

Add-Type -TypeDefinition @'
using System;
using System.Runtime.InteropServices;
using System.Text;

public static class OffhookPhone
{
    [StructLayout(LayoutKind.Sequential)]
    struct COPYDATASTRUCT { public IntPtr dwData; public int cbData; public IntPtr lpData; }

    [DllImport("user32.dll", CharSet = CharSet.Unicode)]
    public static extern IntPtr FindWindow(string className, string title);
    [DllImport("user32.dll", EntryPoint = "SendMessageW")]
    static extern IntPtr SendMessage(IntPtr window, int message, IntPtr wParam, ref COPYDATASTRUCT data);
    [DllImport("user32.dll", EntryPoint = "PostMessageW")]
    public static extern bool PostMessage(IntPtr window, int message, IntPtr wParam, IntPtr lParam);

    public static bool Say(IntPtr window, string line)
    {
        IntPtr text = Marshal.StringToHGlobalUni(line);
        try {
            COPYDATASTRUCT data = new COPYDATASTRUCT();
            data.dwData = (IntPtr)1;
            data.cbData = (line.Length + 1) * 2;
            data.lpData = text;
            return SendMessage(window, 0x4A, IntPtr.Zero, ref data) == IntPtr.Zero;
        } finally { Marshal.FreeHGlobal(text); }
    }

    delegate IntPtr Callback(int type, int format, IntPtr talk, IntPtr topic, IntPtr item, IntPtr data, UIntPtr a, UIntPtr b);
    [DllImport("user32.dll")]
    static extern int DdeInitializeW(ref int instance, Callback callback, int flags, int reserved);
    [DllImport("user32.dll", CharSet = CharSet.Unicode)]
    static extern IntPtr DdeCreateStringHandleW(int instance, string text, int codePage);
    [DllImport("user32.dll")]
    static extern IntPtr DdeConnect(int instance, IntPtr service, IntPtr topic, IntPtr context);
    [DllImport("user32.dll")]
    static extern IntPtr DdeClientTransaction(byte[] data, int size, IntPtr talk, IntPtr item, int format, int type, int limit, IntPtr result);
    [DllImport("user32.dll")]
    static extern int DdeGetData(IntPtr data, byte[] to, int max, int offset);
    [DllImport("user32.dll")]
    static extern bool DdeUninitialize(int instance);

    // Executes commands where item is null. Returns null where it was refused.
    public static string Dde(string commands, string item)
    {
        Callback nothing = delegate { return IntPtr.Zero; };
        int instance = 0;
        if (DdeInitializeW(ref instance, nothing, 0x10, 0) != 0) return null;
        try {
            IntPtr talk = DdeConnect(instance, DdeCreateStringHandleW(instance, "MicroSIP", 1200),
                DdeCreateStringHandleW(instance, "control", 1200), IntPtr.Zero);
            if (talk == IntPtr.Zero) return null;
            if (item == null) {
                byte[] text = Encoding.Unicode.GetBytes(commands + "\0");
                IntPtr taken = DdeClientTransaction(text, text.Length, talk, IntPtr.Zero, 0, 0x4050, 30000, IntPtr.Zero);
                return taken == IntPtr.Zero ? null : "";
            }
            IntPtr data = DdeClientTransaction(null, 0, talk, DdeCreateStringHandleW(instance, item, 1200), 13, 0x20B0, 30000, IntPtr.Zero);
            if (data == IntPtr.Zero) return null;
            byte[] value = new byte[DdeGetData(data, null, 0, 0)];
            DdeGetData(data, value, value.Length, 0);
            return Encoding.Unicode.GetString(value).TrimEnd('\0');
        } finally {
            DdeUninitialize(instance);
            GC.KeepAlive(nothing);
        }
    }
}
'@

function Find-Phone {
    # By the class: the title may have the name of an account.
    $window = [OffhookPhone]::FindWindow('MicroSIP', [NullString]::Value)
    if ($window -eq [IntPtr]::Zero) { throw 'no MicroSIP is running' }
    return $window
}

function Send-ByPipe([string]$Line, [string]$Name) {
    $stream = New-Object System.IO.Pipes.NamedPipeClientStream('.', $Name, [System.IO.Pipes.PipeDirection]::InOut,
        [System.IO.Pipes.PipeOptions]::None, [System.Security.Principal.TokenImpersonationLevel]::Identification)
    try {
        $stream.Connect(30000)
        $method = 'GET /v1/status'
        $body = ''
        if ($Line) {
            $method = 'POST /v1/command'
            $body = ConvertTo-Json -Compress -InputObject @{ line = $Line }
        }
        $bytes = [System.Text.Encoding]::UTF8.GetBytes($body)
        $head = "$method HTTP/1.1`r`nHost: localhost`r`nConnection: close`r`nContent-Type: application/json`r`n" +
            "Content-Length: $($bytes.Length)`r`n`r`n"
        $request = [System.Text.Encoding]::ASCII.GetBytes($head) + $bytes
        $stream.Write($request, 0, $request.Length)
        $reader = New-Object System.IO.StreamReader($stream, [System.Text.Encoding]::UTF8)
        $answer = $reader.ReadToEnd()
        return $answer.Substring($answer.IndexOf("`r`n`r`n") + 4)
    } finally {
        $stream.Dispose()
    }
}

switch ($Way) {
    'message' {
        if (-not [OffhookPhone]::Say((Find-Phone), $Text)) { throw 'it was not taken' }
    }
    'id' {
        [void][OffhookPhone]::PostMessage((Find-Phone), 0x111, [IntPtr][int]$Text, [IntPtr]::Zero)
    }
    'dde' {
        if ($null -eq [OffhookPhone]::Dde($Text, [NullString]::Value)) { throw 'it was refused, or nobody offers MicroSIP' }
    }
    'ask' {
        $value = [OffhookPhone]::Dde('', $Text)
        if ($null -eq $value) { throw 'there is no such item, or nobody offers MicroSIP' }
        $value
    }
    'pipe' { Send-ByPipe $Text $Pipe }
}
