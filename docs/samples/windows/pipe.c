/* Has Offhook carry out a command line by its API, on the named pipe, and prints the answer.
 *
 *   pipe \\.\pipe\offhook "sip:1001@pbx"
 *   pipe \\.\pipe\offhook              prints the status
 *
 * `offhook status` prints the name of the pipe; the key socket of the configuration sets it.
 * Ends with 0, 1 when nobody serves the pipe, 2 when the engine refused.
 *
 *   x86_64-w64-mingw32-gcc -municode -o pipe.exe pipe.c
 *   cl pipe.c
 */
#include <windows.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>

int wmain(int argc, wchar_t **argv)
{
	static char body[8192], request[sizeof body + 512], answer[65536];
	DWORD n, got = 0;

	if (argc < 2) {
		fprintf(stderr, "usage: pipe NAME [COMMAND LINE]\n");
		return 1;
	}
	if (argc > 2) {
		char line[2048];
		char *out = body;
		if (!WideCharToMultiByte(CP_UTF8, 0, argv[2], -1, line, sizeof line, NULL, NULL))
			return 1;
		out += sprintf(out, "{\"line\": \"");
		for (const char *c = line; *c; c++)
			if ((unsigned char)*c < ' ' || *c == '"' || *c == '\\')
				out += sprintf(out, "\\u%04x", *c);
			else
				*out++ = *c;
		strcpy(out, "\"}");
	}
	snprintf(request, sizeof request,
		 "%s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: %u\r\n\r\n%s",
		 argc > 2 ? "POST /v1/command" : "GET /v1/status", (unsigned)strlen(body), body);

	HANDLE pipe;
	for (;;) {
		/* Who serves it learns who we are, and cannot act for us. */
		pipe = CreateFileW(argv[1], GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING,
				   SECURITY_SQOS_PRESENT | SECURITY_IDENTIFICATION, NULL);
		if (pipe != INVALID_HANDLE_VALUE)
			break;
		/* Others are being served. */
		if (GetLastError() != ERROR_PIPE_BUSY || !WaitNamedPipeW(argv[1], 30000)) {
			fprintf(stderr, "pipe: error %lu\n", GetLastError());
			return 1;
		}
	}
	if (!WriteFile(pipe, request, (DWORD)strlen(request), &n, NULL)) {
		fprintf(stderr, "pipe: error %lu\n", GetLastError());
		return 1;
	}
	while (got < sizeof answer - 1 && ReadFile(pipe, answer + got, sizeof answer - 1 - got, &n, NULL) && n > 0)
		got += n;
	CloseHandle(pipe);

	char *text = strstr(answer, "\r\n\r\n");
	puts(text ? text + 4 : answer);
	return strncmp(answer, "HTTP/1.1 2", 10) ? 2 : 0;
}
