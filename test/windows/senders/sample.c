/*
 * What documents about MicroSIP have as their example, as it stands there: look for the
 * window by its title, and send it a number.
 */
#include <windows.h>
#include <wchar.h>

int wmain(int argc, wchar_t **argv)
{
	HWND hwnd;
	COPYDATASTRUCT cds;
	const wchar_t *command = argc > 1 ? argv[1] : L"sip:1234567890";

	hwnd = FindWindow(NULL, L"MicroSIP");
	if (hwnd) {
		cds.dwData = 1;
		cds.cbData = (wcslen(command) + 1) * sizeof(wchar_t);
		cds.lpData = (void *)command;
		SendMessage(hwnd, WM_COPYDATA, (WPARAM)NULL, (LPARAM)&cds);
	}
	return hwnd ? 0 : 1;
}
