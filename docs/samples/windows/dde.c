/* Commands Offhook by DDE, as ANSI or as Unicode, and asks it for items.
 *
 *   dde "[Dial(1001)]"            executes; several commands may stand in one text
 *   dde "[Hold][Transfer(1002)]"
 *   dde -r State -r Number        prints items
 *
 * Ends with 0, 1 when nobody offers the service, 2 when something was refused, 3 when the
 * phone has no room for more commands and should be asked again.
 *
 *   x86_64-w64-mingw32-gcc -municode -DUNICODE -D_UNICODE -o dde.exe dde.c
 *   cl /DUNICODE /D_UNICODE dde.c user32.lib
 *
 * Without UNICODE it is an ANSI program.
 */
#include <windows.h>
#include <ddeml.h>
#include <stdio.h>
#include <tchar.h>

#ifdef UNICODE
#define CODE_PAGE CP_WINUNICODE
#define FORMAT CF_UNICODETEXT
#else
#define CODE_PAGE CP_WINANSI
#define FORMAT CF_TEXT
#endif

#define LIMIT 30000 /* ms that an answer may take */

static DWORD instance;

static HDDEDATA CALLBACK nothing(UINT type, UINT format, HCONV conversation, HSZ topic, HSZ item,
				 HDDEDATA data, ULONG_PTR data1, ULONG_PTR data2)
{
	(void)type, (void)format, (void)conversation, (void)topic, (void)item, (void)data, (void)data1, (void)data2;
	return NULL;
}

static HSZ string(const TCHAR *text)
{
	return DdeCreateStringHandle(instance, text, CODE_PAGE);
}

static int execute(HCONV conversation, const TCHAR *commands)
{
	DWORD answer = 0;

	/* Its NUL belongs to it. */
	if (DdeClientTransaction((LPBYTE)commands, (DWORD)((_tcslen(commands) + 1) * sizeof(TCHAR)), conversation, NULL, 0,
				 XTYP_EXECUTE, LIMIT, &answer))
		return 0;
	if (answer & DDE_FBUSY) {
		fprintf(stderr, "dde: busy\n");
		return 3;
	}
	fprintf(stderr, "dde: refused\n");
	return 2;
}

static int request(HCONV conversation, const TCHAR *item)
{
	HSZ name = string(item);
	HDDEDATA data = DdeClientTransaction(NULL, 0, conversation, name, FORMAT, XTYP_REQUEST, LIMIT, NULL);
	TCHAR text[1024] = {0};

	DdeFreeStringHandle(instance, name);
	if (!data) {
		fprintf(stderr, "dde: there is no such item\n");
		return 2;
	}
	DdeGetData(data, (LPBYTE)text, sizeof text - sizeof *text, 0);
	DdeFreeDataHandle(data);
#ifdef UNICODE
	char utf8[3 * sizeof text / sizeof *text];
	WideCharToMultiByte(CP_UTF8, 0, text, -1, utf8, sizeof utf8, NULL, NULL);
	puts(utf8);
#else
	puts(text);
#endif
	return 0;
}

int _tmain(int argc, TCHAR **argv)
{
	int failed = 0;

	if (DdeInitialize(&instance, nothing, APPCMD_CLIENTONLY, 0) != DMLERR_NO_ERROR) {
		fprintf(stderr, "dde: no DDE\n");
		return 1;
	}
	HSZ service = string(TEXT("MicroSIP")), topic = string(TEXT("control"));
	for (int i = 1; i < argc && !failed; i++) {
		HCONV conversation = DdeConnect(instance, service, topic, NULL);
		if (!conversation) {
			fprintf(stderr, "dde: nobody offers MicroSIP\n");
			failed = 1;
		} else if (!_tcscmp(argv[i], TEXT("-r")) && i + 1 < argc) {
			failed = request(conversation, argv[++i]);
		} else {
			failed = execute(conversation, argv[i]);
		}
		if (conversation)
			DdeDisconnect(conversation);
	}
	DdeFreeStringHandle(instance, service);
	DdeFreeStringHandle(instance, topic);
	DdeUninitialize(instance);
	return failed;
}
