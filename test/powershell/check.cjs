// check.cjs FILE... prints what is wrong with PowerShell scripts. Exit code 0: nothing.
'use strict';

const fs = require('fs');
const { load, check } = require('./rules.cjs');

load().then(() => {
	let bad = 0;
	for (const file of process.argv.slice(2)) {
		for (const f of check(fs.readFileSync(file, 'utf8'))) {
			console.log(`${file}:${f.line}:${f.column}: ${f.text}`);
			bad++;
		}
	}
	process.exitCode = bad ? 1 : 0;
});
