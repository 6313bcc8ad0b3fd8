/*
 * Sends window messages to MicroSIP's window, which it finds by its class, and prints what
 * each was answered:
 *
 *   messages.exe KIND TEXT...      WM_COPYDATA with dwData KIND for each text
 *   messages.exe command ID...     WM_COMMAND
 *   messages.exe close             WM_CLOSE
 *   messages.exe broken            WM_COPYDATA that is none of MicroSIP's
 *   messages.exe storm N TEXT      N times TEXT, dwData 1 and 2 by turns; prints how many were taken
 *
 * Exit code 1: there is no window.
 */
#include <windows.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

static HWND window;

static long long copy_data(ULONG_PTR kind, const void *data, DWORD size)
{
	COPYDATASTRUCT cds;

	cds.dwData = kind;
	cds.cbData = size;
	cds.lpData = (void *)data;
	return (long long)SendMessageW(window, WM_COPYDATA, 0, (LPARAM)&cds);
}

static long long copy_text(ULONG_PTR kind, const wchar_t *text)
{
	return copy_data(kind, text, (DWORD)((wcslen(text) + 1) * sizeof(wchar_t)));
}

static void broken(void)
{
	static wchar_t big[512 * 1024];
	size_t i;

	for (i = 0; i < sizeof(big) / sizeof(big[0]) - 1; i++)
		big[i] = L'1';
	printf("empty %lld\n", copy_data(1, NULL, 0));
	printf("one byte %lld\n", copy_data(1, L"1", 1));
	printf("odd %lld\n", copy_data(1, L"1", 3));
	printf("no NUL %lld\n", copy_data(1, L"1", 2));
	printf("1 MB %lld\n", copy_text(1, big));
	printf("1 MB later %lld\n", copy_text(2, big));
	printf("kind 0 %lld\n", copy_text(0, L"1"));
	printf("kind 3 %lld\n", copy_text(3, L"1"));
	printf("kind of 64 bits %lld\n", copy_text((ULONG_PTR)-1, L"1"));
}

int wmain(int argc, wchar_t **argv)
{
	int i, n, taken = 0;

	window = FindWindowW(L"MicroSIP", NULL);
	if (!window || argc < 2)
		return 1;
	if (!wcscmp(argv[1], L"command")) {
		for (i = 2; i < argc; i++)
			printf("%lld\n", (long long)SendMessageW(window, WM_COMMAND, (WPARAM)_wtoi(argv[i]), 0));
	} else if (!wcscmp(argv[1], L"close")) {
		printf("%lld\n", (long long)SendMessageW(window, WM_CLOSE, 0, 0));
	} else if (!wcscmp(argv[1], L"broken")) {
		broken();
	} else if (!wcscmp(argv[1], L"storm") && argc == 4) {
		for (i = 0, n = _wtoi(argv[2]); i < n; i++)
			taken += copy_text((ULONG_PTR)(1 + i % 2), argv[3]) == 0;
		printf("%d\n", taken);
	} else {
		for (i = 2; i < argc; i++)
			printf("%lld\n", copy_text((ULONG_PTR)_wtoi(argv[1]), argv[i]));
	}
	return 0;
}
