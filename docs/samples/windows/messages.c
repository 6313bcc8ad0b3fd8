/* Commands Offhook by window messages, as programs do that were written for MicroSIP.
 *
 *   messages 1001                 WM_COPYDATA: any command line of MicroSIP
 *   messages /hangupall
 *   messages -id 40001            WM_COMMAND: 40001 answers, 40002 hangs up or rejects, 40003 redials
 *
 * Ends with 0 when the phone took it, 1 when there is no window, 2 when it did not.
 *
 *   x86_64-w64-mingw32-gcc -municode -o messages.exe messages.c
 *   cl messages.c user32.lib
 */
#include <windows.h>
#include <stdio.h>
#include <wchar.h>

int wmain(int argc, wchar_t **argv)
{
	/* By the class: the title may have the name of an account. */
	HWND phone = FindWindowW(L"MicroSIP", NULL);

	if (argc < 2 || !phone) {
		fprintf(stderr, argc < 2 ? "usage: messages COMMAND | -id NUMBER\n" : "messages: no MicroSIP is running\n");
		return 1;
	}
	if (argc > 2 && !wcscmp(argv[1], L"-id"))
		return PostMessageW(phone, WM_COMMAND, (WPARAM)_wtoi(argv[2]), 0) ? 0 : 2;

	COPYDATASTRUCT data;
	data.dwData = 1; /* answered when it was carried out; 2 is queued */
	data.cbData = (DWORD)((wcslen(argv[1]) + 1) * sizeof(wchar_t));
	data.lpData = argv[1];
	return SendMessageW(phone, WM_COPYDATA, 0, (LPARAM)&data) == 0 ? 0 : 2;
}
