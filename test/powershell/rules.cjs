// What is wrong with a PowerShell script, as far as reading it can tell. There is no PowerShell to run it with
// here: the grammar is that of tree-sitter-powershell, and the rules after it are for the mistakes that a
// parser takes and that Windows PowerShell 5.1 or Set-StrictMode stops at.
'use strict';

const path = require('path');
const { Parser, Language } = require('web-tree-sitter');

// The commands of Windows PowerShell 5.1 that our scripts may call; a new one is added here when it is used.
const cmdlets = new Set(`Add-Type ConvertTo-Json Copy-Item ForEach-Object Get-ChildItem Get-Command Get-Content Get-FileHash Get-Item
	Get-Location Get-Process Get-Variable Invoke-RestMethod Invoke-WebRequest Join-Path Measure-Object Move-Item New-Item
	New-Object New-Service Out-Null Out-String Pop-Location Push-Location Remove-Item Resolve-Path Select-Object
	Select-String Set-Content Set-Item Set-Location Set-StrictMode Sort-Object Split-Path Start-Process Start-Sleep
	Stop-Process Test-Path Where-Object Write-Error Write-Host Write-Output Write-Verbose Write-Warning`
	.toLowerCase().split(/\s+/));

// The variables that are there without an assignment.
const automatic = new Set(`_ args confirmpreference error erroractionpreference false home host input islinux ismacos iswindows
	lastexitcode matches myinvocation null progresspreference psboundparameters pscmdlet pscommandpath psitem
	psscriptroot psversiontable pwd true ? $ ^`.split(/\s+/));

let parser;

// load makes the parser; check needs it.
async function load() {
	await Parser.init();
	const grammar = path.dirname(require.resolve('tree-sitter-powershell/package.json'));
	parser = new Parser();
	parser.setLanguage(await Language.load(path.join(grammar, 'tree-sitter-powershell.wasm')));
}

// check returns the findings in a script's text as {line, column, text}, in the order of the lines.
function check(source) {
	const findings = [];
	const report = (node, text) =>
		findings.push({ line: node.startPosition.row + 1, column: node.startPosition.column + 1, text });
	source.split('\n').forEach((line, row) => {
		const column = line.search(/[^\t\r\x20-\x7e]/);
		if (column >= 0) {
			report({ startPosition: { row, column } }, 'not ASCII, which 5.1 reads in the code page of the machine');
		}
	});
	const tree = parser.parse(source);
	if (tree.rootNode.hasError) {
		each(tree.rootNode, (n) => {
			if (n.isMissing) report(n, 'missing ' + n.type);
			else if (n.isError) report(n, 'syntax error');
		});
	} else {
		rules(tree.rootNode, report);
	}
	tree.delete();
	return findings.sort((a, b) => a.line - b.line || a.column - b.column);
}

function rules(root, report) {
	const functions = declared(root);
	const variables = assigned(root);
	const spellings = new Map();
	each(root, (n) => {
		switch (n.type) {
		case 'pipeline_chain_tail':
			report(n, '5.1 has no ' + n.child(0).text);
			break;
		case 'try_statement':
			if (!childOf(n, 'catch_clauses') && !childOf(n, 'finally_clause')) {
				report(n, 'try without catch or finally'); // the grammar takes it
			}
			break;
		case 'generic_token':
		case 'merging_redirection_operator':
		case 'file_redirection_operator':
			if (/^[2*]>/.test(n.text)) {
				report(n, 'redirected errors: where errors stop the script, 5.1 stops at the first line');
			}
			break;
		case 'variable': {
			const name = nameOf(n);
			const spelling = spelt(n);
			if (name.includes(':')) break;
			if (!automatic.has(name) && !variables.has(name)) {
				report(n, n.text + ' is used and nowhere assigned');
			} else if (!spellings.has(name)) {
				spellings.set(name, spelling);
			} else if (spellings.get(name) !== spelling) {
				report(n, `${n.text} is the same variable as ${spellings.get(name)} before: case does not count`);
			}
			break;
		}
		case 'command':
			command(n, functions, report);
		}
	});
}

function command(n, functions, report) {
	const operator = childOf(n, 'command_invokation_operator');
	const name = childOf(n, 'command_name');
	const written = operator || !name ? '' : name.text.toLowerCase();
	const fn = functions.get(written);
	if (fn) {
		if (fn.at > n.startIndex && !ancestor(n, 'function_statement')) {
			report(n, name.text + ' is called before it is defined');
		}
		each(n, (p) => {
			if (p.type === 'command_parameter' && p.parent.parent.id === n.id &&
				!fn.parameters.has(p.text.replace(/^-|:$/g, '').toLowerCase())) {
				report(p, name.text + ' has no parameter ' + p.text);
			}
		});
	} else if (/^[a-z]+-[a-z]+$/.test(written)) {
		if (!cmdlets.has(written)) report(n, name.text + ' is neither defined here nor in the list of commands');
	} else if (!(operator && (operator.text === '.' || /^&\s*\{/.test(n.text))) && !exitCodeRead(n)) {
		report(n, 'the exit code of this program is not looked at: $LASTEXITCODE belongs into the next statement');
	}
}

// exitCodeRead tells whether the statement after the one that n is in reads $LASTEXITCODE.
function exitCodeRead(n) {
	while (n.parent && n.parent.type !== 'statement_list') n = n.parent;
	let next = n.nextNamedSibling;
	while (next && /^(comment|empty_statement)$/.test(next.type)) next = next.nextNamedSibling;
	return next !== null && /\$LASTEXITCODE\b/i.test(next.text);
}

// declared returns where each function is defined and what parameters it has.
function declared(root) {
	const functions = new Map();
	each(root, (n) => {
		if (n.type !== 'function_statement') return;
		const parameters = new Set();
		each(n, (p) => {
			if (p.type === 'script_parameter') parameters.add(nameOf(childOf(p, 'variable')));
		});
		functions.set(childOf(n, 'function_name').text.toLowerCase(), { at: n.startIndex, parameters });
	});
	return functions;
}

// assigned returns the names of all variables that the script sets anywhere.
function assigned(root) {
	const names = new Set();
	each(root, (n) => {
		if (n.type === 'script_parameter' || n.type === 'foreach_statement') {
			names.add(nameOf(childOf(n, 'variable')));
		} else if (n.type === 'left_assignment_expression') {
			each(n, (v) => { if (v.type === 'variable') names.add(nameOf(v)); });
		}
	});
	return names;
}

// nameOf returns a variable's name in lower case; env:PATH and the like keep what is before the colon.
function nameOf(variable) { return spelt(variable).toLowerCase(); }

// spelt returns a variable's name as it is written, without the scope.
function spelt(variable) {
	return variable.text.replace(/^[$@]\{?|\}$/g, '').replace(/^(script|global|local|private):/i, '');
}

function childOf(n, type) { return n.children.find((c) => c.type === type); }

function ancestor(n, type) {
	while (n && n.type !== type) n = n.parent;
	return n;
}

function each(n, visit) {
	visit(n);
	n.children.forEach((c) => each(c, visit));
}

module.exports = { load, check };
