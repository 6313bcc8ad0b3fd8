#Requires -Version 5.1
<#
.SYNOPSIS
  Offhook's verbs, the same as the Makefile's.
.DESCRIPTION
  On Windows this finds Go and MSYS2 and runs the Makefile in MSYS2's UCRT64 environment, whose compiler
  Go's cgo needs. What is built, how, and of which packages is decided by third_party/pjsip/build.sh there, as on
  Linux. On Linux and macOS it calls make.

  Windows 10 or newer on x86-64, with Windows PowerShell 5.1 or PowerShell 7. This file stays ASCII: 5.1 reads
  other bytes in the code page of the machine.
.PARAMETER Verb
  What to do. The default, help, lists the verbs. Here, env prints statements of PowerShell:
  .\build.ps1 env | Invoke-Expression
.PARAMETER InstallPrereqs
  Installs Go and MSYS2 where they are missing, by winget, else by Chocolatey. Both may ask for an administrator.
.PARAMETER Msys2Root
  The folder of MSYS2. The default is MSYS2_ROOT of the environment, else where its installers put it.
.EXAMPLE
  .\build.ps1 build -InstallPrereqs
.EXAMPLE
  ./build.ps1 test
#>
[CmdletBinding()]
param(
    [Parameter(Position = 0)]
    [ValidateSet('help', 'deps', 'build', 'windows', 'demo', 'test', 'test-debug', 'soak', 'race', 'lint', 'api-coverage', 'env', 'clean', 'distclean')]
    [string] $Verb = 'help',
    [switch] $InstallPrereqs,
    [string] $Msys2Root = ''
)
Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

# Invoke-Native runs a program that is there, and stops the script with the cure when it fails.
function Invoke-Native {
    param(
        [Parameter(Mandatory = $true)] [string] $File,
        [Parameter(Mandatory = $true)] [string[]] $Arguments,
        [Parameter(Mandatory = $true)] [string] $Cure
    )
    # Where a program's standard error is not a console, 5.1 makes errors of its lines; they are messages.
    $ErrorActionPreference = 'Continue'
    & $File @Arguments
    if ($LASTEXITCODE -ne 0) { throw "$File $Arguments failed with exit code $LASTEXITCODE. $Cure" }
}

# Find-Program returns the path of a program, from PATH or else the first of the places that has it; or ''.
function Find-Program {
    param(
        [Parameter(Mandatory = $true)] [string] $Name,
        [string[]] $Places = @()
    )
    foreach ($found in @(Get-Command -Name $Name -CommandType Application -ErrorAction SilentlyContinue)) {
        return $found.Path
    }
    foreach ($place in $Places) {
        if (Test-Path -LiteralPath $place -PathType Leaf) { return $place }
    }
    return ''
}

# Find-Go returns the path of go.exe, or ''. An installation does not change the PATH of this process.
function Find-Go {
    return Find-Program -Name 'go.exe' -Places @("$env:ProgramFiles\Go\bin\go.exe", "$env:SystemDrive\Go\bin\go.exe")
}

# Find-Bash returns the path of MSYS2's bash.exe, or ''. PATH is not searched: the bash there may be WSL's or Git's.
function Find-Bash {
    $roots = @("$env:SystemDrive\msys64", "$env:SystemDrive\tools\msys64")
    if ($env:MSYS2_ROOT) { $roots = @($env:MSYS2_ROOT) }
    if ($Msys2Root) { $roots = @($Msys2Root) }
    foreach ($root in $roots) {
        if (Test-Path -LiteralPath "$root\usr\bin\bash.exe" -PathType Leaf) { return "$root\usr\bin\bash.exe" }
    }
    return ''
}

# Install-Prerequisite installs one package, by the name that winget or that Chocolatey has for it.
function Install-Prerequisite {
    param(
        [Parameter(Mandatory = $true)] [string] $WingetName,
        [Parameter(Mandatory = $true)] [string] $ChocoName
    )
    $winget = Find-Program -Name 'winget.exe'
    if ($winget) {
        Invoke-Native -File $winget -Arguments @('install', '--exact', '--id', $WingetName,
            '--accept-source-agreements', '--accept-package-agreements') -Cure "Install $WingetName by hand, and run this again."
        return
    }
    $choco = Find-Program -Name 'choco.exe'
    if (-not $choco) {
        throw "There is neither winget nor choco to install $WingetName with. Install it by hand, and run this again."
    }
    Invoke-Native -File $choco -Arguments @('install', $ChocoName, '--yes') -Cure "Install $ChocoName by hand, and run this again."
}

# Invoke-Make runs a verb of the Makefile in MSYS2.
function Invoke-Make {
    param([Parameter(Mandatory = $true)] [string] $Target)
    Invoke-Native -File $bash -Arguments @('-lc', "exec make --no-print-directory $Target") -Cure 'The reason is above.'
}

# Windows PowerShell 5.1, which is only there, has no $IsWindows.
$onWindows = $PSVersionTable.PSVersion.Major -lt 6 -or $IsWindows
if (-not $onWindows) {
    # The Makefile does the work, so that there is one way to do it.
    & make -C $PSScriptRoot $Verb
    exit $LASTEXITCODE
}

if ($Verb -eq 'help') {
    foreach ($line in Get-Content -LiteralPath "$PSScriptRoot\Makefile") {
        if ($line -match '^([a-z-]+): *## (.+)$') { '  {0,-14}{1}' -f $Matches[1], $Matches[2] }
    }
    exit 0
}

if ($env:PROCESSOR_ARCHITECTURE -ne 'AMD64') {
    throw "Offhook is built for x86-64, by a 64-bit PowerShell; this one is $env:PROCESSOR_ARCHITECTURE."
}
if ($PSScriptRoot -notmatch '^[A-Za-z]:\\[A-Za-z0-9_.\\+-]+$') {
    throw "PJSIP's makefiles take a path of plain letters and digits on a drive, without spaces. Move this clone from " +
        "$PSScriptRoot, for example to $env:SystemDrive\src\offhook."
}

$go = Find-Go
if (-not $go -and $InstallPrereqs) {
    Install-Prerequisite -WingetName 'GoLang.Go' -ChocoName 'golang'
    $go = Find-Go
}
if (-not $go) {
    throw "There is no go.exe in PATH or $env:ProgramFiles\Go. Run this again with -InstallPrereqs, or: winget install --exact --id GoLang.Go"
}
$bash = Find-Bash
$fresh = $false
if (-not $bash -and $InstallPrereqs) {
    Install-Prerequisite -WingetName 'MSYS2.MSYS2' -ChocoName 'msys2'
    $bash = Find-Bash
    $fresh = $true
}
if (-not $bash) {
    throw "MSYS2 is not in $env:SystemDrive\msys64. Run this again with -InstallPrereqs, or with -Msys2Root and its folder, " +
        'or: winget install --exact --id MSYS2.MSYS2'
}
$root = Split-Path -Parent (Split-Path -Parent (Split-Path -Parent $bash))

# The environment of MSYS2's login shell, and what a session had before. PATH goes on behind MSYS2's own programs, for Go and Git.
$session = @{}
foreach ($variable in 'MSYSTEM', 'CHERE_INVOKING', 'MSYS2_PATH_TYPE', 'PATH') {
    $session[$variable] = [Environment]::GetEnvironmentVariable($variable, 'Process')
}
Push-Location -LiteralPath $PSScriptRoot
try {
    $env:MSYSTEM = 'UCRT64'
    $env:CHERE_INVOKING = '1'
    $env:MSYS2_PATH_TYPE = 'inherit'
    $env:PATH = (Split-Path -Parent $go) + ';' + $env:PATH
    $update = "Open MSYS2's UCRT64 shell, run pacman -Syu until it says there is nothing to do, and run this again."
    if ($fresh) {
        # The first update is of MSYS2 itself and ends all its programs, pacman included.
        & $bash -lc 'pacman -Syu --noconfirm'
        Write-Verbose "the update of MSYS2 itself ended with $LASTEXITCODE"
        Invoke-Native -File $bash -Arguments @('-lc', 'pacman -Syu --noconfirm') -Cure $update
    }
    # The Makefile needs make. All else is asked for by build.sh.
    if (-not (Test-Path -LiteralPath "$root\usr\bin\make.exe" -PathType Leaf)) {
        Invoke-Native -File $bash -Arguments @('-lc', 'pacman -Sy --needed --noconfirm make') -Cure $update
    }
    if ($Verb -eq 'env') {
        # Lines of a POSIX shell: export NAME='VALUE'
        foreach ($line in @(Invoke-Make -Target 'env')) {
            if ($line -match "^export ([A-Z_]+)='(.*)'$") { "`$env:{0} = '{1}'" -f $Matches[1], $Matches[2] }
        }
        "`$env:PATH = '$root\ucrt64\bin;' + `$env:PATH"
    }
    else {
        Invoke-Make -Target $Verb
    }
}
finally {
    Pop-Location
    foreach ($variable in $session.Keys) {
        [Environment]::SetEnvironmentVariable($variable, $session[$variable], 'Process')
    }
}
