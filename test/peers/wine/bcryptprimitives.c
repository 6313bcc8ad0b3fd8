/* bcryptprimitives.dll for the wine prefixes of the tests: Go's runtime takes its random
 * numbers from ProcessPrng of that library, which wine has from 8.13 on. Windows has its own. */
#include <windows.h>

/* RtlGenRandom by the name under which advapi32 exports it. */
BOOLEAN NTAPI SystemFunction036(PVOID, ULONG);

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE out, SIZE_T n)
{
	const SIZE_T most = 1 << 30; /* a ULONG holds it */

	while (n > 0) {
		const SIZE_T part = n < most ? n : most;

		if (!SystemFunction036(out, (ULONG)part))
			return FALSE;
		out += part;
		n -= part;
	}
	return TRUE;
}
