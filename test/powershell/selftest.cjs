// The checker finds what is wrong with each of these scripts, where it is wrong, and nothing in the good one.
'use strict';

const { load, check } = require('./rules.cjs');

const good = `#Requires -Version 5.1
<#
.SYNOPSIS
  Nothing is wrong here.
#>
[CmdletBinding()]
param(
    [ValidateSet('a', 'b')] [string] $Verb = 'a',
    [switch] $Quiet
)
Set-StrictMode -Version Latest
function Invoke-Native {
    param([Parameter(Mandatory = $true)] [string] $File, [string[]] $Arguments = @())
    & $File @Arguments
    if ($LASTEXITCODE -ne 0) { throw "$File exited with code $LASTEXITCODE" }
}
$saved = @{ PATH = $env:PATH }
try {
    foreach ($name in 'x', 'y') { Invoke-Native -File $name -Arguments @('-lc', "echo $($name.Length)") }
    $list = & git ls-files
    if ($LASTEXITCODE -ne 0) { throw 'no git' }
    $list | Where-Object { $_ -match '^[a-z]' } | ForEach-Object { Write-Host "$_ $Verb $Quiet" }
    $text = @'
2>&1 is only text here
'@
    Write-Output $text
}
finally {
    $env:PATH = $saved.PATH
}
& make
exit $LASTEXITCODE
`;

// name: [script, line of the finding, what it says]
const broken = {
	'open brace': ['if ($true) {\n  exit 1\n', 2, /missing }/],
	'open parenthesis': ['Write-Host (1 + 2\n', 1, /syntax error|missing/],
	'open bracket': ['$a = @(1)\n$a[0 = 2\n', 2, /syntax error|missing/],
	'open string': ['$a = "text\n', 1, /syntax error|missing/],
	'hash without a value': ['$a = @{ b = }\n', 1, /syntax error|missing/],
	'try alone': ['try { exit 1 }\nexit 0\n', 1, /without catch/],
	'else without if': ['exit 0\nelse { exit 1 }\n', 2, /./],
	'ternary of PowerShell 7': ['$a = 1\n$a = $true ? 1 : 2\n', 2, /syntax error/],
	'?? of PowerShell 7': ['$a = $null ?? 1\n', 1, /syntax error/],
	'&& of PowerShell 7': ['& make && Write-Host ok\nexit $LASTEXITCODE\n', 1, /5\.1 has no &&/],
	'not ASCII': ['# fine\n# na\u00efve\n', 2, /not ASCII/],
	'2>&1': ['$a = & make 2>&1\nexit $LASTEXITCODE + $a\n', 1, /redirected errors/],
	'2>$null': ['& make 2>$null\nexit $LASTEXITCODE\n', 1, /redirected errors/],
	'2> file': ['& make 2> log\nexit $LASTEXITCODE\n', 1, /redirected errors/],
	'no exit code': ['& make\nWrite-Host done\n', 1, /exit code/],
	'no exit code of a bare name': ['go build ./...\n', 1, /exit code/],
	'no exit code in an assignment': ['$a = & git status\nWrite-Host $a\n', 1, /exit code/],
	'variable misspelt': ['$verb = 1\nWrite-Host "is $($vreb)"\n', 2, /\$vreb is used/],
	'two variables that are one': ['param([string] $Winget)\n$winget = $Winget\n', 2, /same variable/],
	'command misspelt': ['Write-Hots done\n', 1, /Write-Hots/],
	'parameter misspelt': ['function Use-It {\n  param([string] $File)\n  Write-Host $File\n}\nUse-It -Fiel x\n', 5, /-Fiel/],
	'called before defined': ['Use-It\nfunction Use-It { Write-Host x }\n', 1, /before/],
};

load().then(() => {
	let failed = 0;
	const fail = (text) => { console.log('selftest: ' + text); failed++; };
	for (const source of [good, good.replace(/\n/g, '\r\n')]) {
		for (const f of check(source)) fail(`the good script: ${f.line}:${f.column}: ${f.text}`);
	}
	for (const [name, [source, line, says]] of Object.entries(broken)) {
		const found = check(source);
		if (!found.some((f) => f.line === line && says.test(f.text))) {
			fail(`${name}: not found in line ${line}; found: ${JSON.stringify(found)}`);
		}
	}
	process.exitCode = failed ? 1 : 0;
});
