#Requires -Version 5.1
<#
.SYNOPSIS
  Offhook's verbs, the same as the Makefile's.
.EXAMPLE
  ./build.ps1 test
#>
[CmdletBinding()]
param(
    [Parameter(Position = 0)]
    [ValidateSet('help', 'deps', 'build', 'demo', 'test', 'test-debug', 'soak', 'race', 'lint', 'api-coverage', 'env', 'clean', 'distclean')]
    [string]$Verb = 'help'
)
Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

# Windows PowerShell 5.1 has no $IsWindows.
$onWindows = $PSVersionTable.PSVersion.Major -lt 6 -or $IsWindows
if ($onWindows) {
    Write-Error ('Offhook does not build on Windows yet: that is a later piece of work. ' +
        'Run this in WSL with Debian 12, or on Linux: make ' + $Verb)
    exit 1
}
# Everywhere else the Makefile does the work, so that there is one way to do it.
& make -C $PSScriptRoot $Verb
exit $LASTEXITCODE
