// Commands Offhook from C#, in the ways that Windows has.
//
//   Phone message 1001            WM_COPYDATA: any command line of MicroSIP
//   Phone id 40001                WM_COMMAND: answer; 40002 hang up or reject, 40003 redial
//   Phone dde "[Dial(1001)]"      DDE; "[Hold][Transfer(1002)]"
//   Phone ask State               a DDE item
//   Phone pipe 1001 offhook       the API on the pipe \\.\pipe\offhook: the answer is printed
//
// dotnet build, .NET 5 or newer. On .NET Framework leave out Pipe.
using System;
using System.IO.Pipes;
using System.Net.Http;
using System.Runtime.InteropServices;
using System.Security.Principal;
using System.Text;
using System.Text.Json;

static class Phone
{
    const int WM_COPYDATA = 0x004A, WM_COMMAND = 0x0111;

    [StructLayout(LayoutKind.Sequential)]
    struct COPYDATASTRUCT
    {
        public IntPtr dwData;
        public int cbData;
        public IntPtr lpData;
    }

    [DllImport("user32.dll", CharSet = CharSet.Unicode, SetLastError = true)]
    static extern IntPtr FindWindow(string className, string title);
    [DllImport("user32.dll", EntryPoint = "SendMessageW")]
    static extern IntPtr SendMessage(IntPtr window, int message, IntPtr wParam, ref COPYDATASTRUCT data);
    [DllImport("user32.dll", EntryPoint = "PostMessageW", SetLastError = true)]
    static extern bool PostMessage(IntPtr window, int message, IntPtr wParam, IntPtr lParam);

    static IntPtr Window()
    {
        // By the class: the title may have the name of an account.
        var window = FindWindow("MicroSIP", null);
        if (window == IntPtr.Zero) throw new InvalidOperationException("no MicroSIP is running");
        return window;
    }

    // Message sends a command line and waits until it was carried out; false: it was not taken.
    public static bool Message(string line)
    {
        var text = Marshal.StringToHGlobalUni(line);
        try
        {
            var data = new COPYDATASTRUCT { dwData = (IntPtr)1, cbData = (line.Length + 1) * 2, lpData = text };
            return SendMessage(Window(), WM_COPYDATA, IntPtr.Zero, ref data) == IntPtr.Zero;
        }
        finally { Marshal.FreeHGlobal(text); }
    }

    public static void Command(int id) => PostMessage(Window(), WM_COMMAND, (IntPtr)id, IntPtr.Zero);

    delegate IntPtr DdeCallback(int type, int format, IntPtr conversation, IntPtr topic, IntPtr item, IntPtr data, UIntPtr data1, UIntPtr data2);

    [DllImport("user32.dll")]
    static extern int DdeInitializeW(ref int instance, DdeCallback callback, int flags, int reserved);
    [DllImport("user32.dll", CharSet = CharSet.Unicode)]
    static extern IntPtr DdeCreateStringHandleW(int instance, string text, int codePage);
    [DllImport("user32.dll")]
    static extern IntPtr DdeConnect(int instance, IntPtr service, IntPtr topic, IntPtr context);
    [DllImport("user32.dll")]
    static extern IntPtr DdeClientTransaction(byte[] data, int size, IntPtr conversation, IntPtr item, int format, int type, int timeout, out int result);
    [DllImport("user32.dll")]
    static extern int DdeGetData(IntPtr data, byte[] to, int max, int offset);
    [DllImport("user32.dll")]
    static extern bool DdeFreeDataHandle(IntPtr data);
    [DllImport("user32.dll")]
    static extern bool DdeUninitialize(int instance);

    // Converse has a DDE conversation about topic.
    static T Converse<T>(string topic, Func<int, IntPtr, T> talk)
    {
        const int clientOnly = 0x10, unicode = 1200;
        DdeCallback callback = delegate { return IntPtr.Zero; };
        var instance = 0;
        if (DdeInitializeW(ref instance, callback, clientOnly, 0) != 0) throw new InvalidOperationException("no DDE");
        try
        {
            var conversation = DdeConnect(instance, DdeCreateStringHandleW(instance, "MicroSIP", unicode),
                DdeCreateStringHandleW(instance, topic, unicode), IntPtr.Zero);
            if (conversation == IntPtr.Zero) throw new InvalidOperationException("nobody offers MicroSIP");
            return talk(instance, conversation);
        }
        finally
        {
            DdeUninitialize(instance);
            GC.KeepAlive(callback);
        }
    }

    // Execute returns false where the commands were refused, or the phone was busy.
    public static bool Execute(string commands) => Converse("control", (_, conversation) =>
    {
        const int execute = 0x4050;
        var text = Encoding.Unicode.GetBytes(commands + "\0");
        return DdeClientTransaction(text, text.Length, conversation, IntPtr.Zero, 0, execute, 30000, out _) != IntPtr.Zero;
    });

    // Ask returns an item, and null where there is none.
    public static string Ask(string item) => Converse("call", (instance, conversation) =>
    {
        const int request = 0x20B0, unicodeText = 13, unicode = 1200;
        var data = DdeClientTransaction(null, 0, conversation, DdeCreateStringHandleW(instance, item, unicode), unicodeText, request, 30000, out _);
        if (data == IntPtr.Zero) return null;
        var text = new byte[DdeGetData(data, null, 0, 0)];
        DdeGetData(data, text, text.Length, 0);
        DdeFreeDataHandle(data);
        return Encoding.Unicode.GetString(text).TrimEnd('\0');
    });

    // Pipe has the API carry out a command line.
    public static string Pipe(string line, string name)
    {
        var handler = new SocketsHttpHandler
        {
            ConnectCallback = async (_, cancel) =>
            {
                var pipe = new NamedPipeClientStream(".", name, PipeDirection.InOut, PipeOptions.Asynchronous,
                    TokenImpersonationLevel.Identification);
                await pipe.ConnectAsync(cancel);
                return pipe;
            }
        };
        using var http = new HttpClient(handler);
        var body = new StringContent(JsonSerializer.Serialize(new { line }), Encoding.UTF8, "application/json");
        return http.PostAsync("http://localhost/v1/command", body).Result.Content.ReadAsStringAsync().Result;
    }

    static int Main(string[] args)
    {
        switch (args.Length > 1 ? args[0] : "")
        {
            case "message": return Message(args[1]) ? 0 : 2;
            case "id": Command(int.Parse(args[1])); return 0;
            case "dde": return Execute(args[1]) ? 0 : 2;
            case "ask": Console.WriteLine(Ask(args[1])); return 0;
            case "pipe": Console.WriteLine(Pipe(args[1], args.Length > 2 ? args[2] : "offhook")); return 0;
        }
        Console.Error.WriteLine("usage: Phone message LINE | id NUMBER | dde COMMANDS | ask ITEM | pipe LINE [NAME]");
        return 1;
    }
}
