"""Commands Offhook from Python, in the ways that Windows has. Needs pywin32 for messages and DDE.

    python phone.py message 1001            WM_COPYDATA: any command line of MicroSIP
    python phone.py id 40001                WM_COMMAND: answer; 40002 hang up or reject, 40003 redial
    python phone.py dde "[Dial(1001)]"      DDE; "[Hold][Transfer(1002)]"
    python phone.py ask State               a DDE item
    python phone.py pipe 1001 \\\\.\\pipe\\offhook   the API: the answer is printed
"""

import array
import http.client
import json
import sys


def window():
    import win32gui

    # By the class: the title may have the name of an account.
    return win32gui.FindWindow("MicroSIP", None)


def message(line):
    """Sends a command line and waits until it was carried out; True: it was taken."""
    import struct

    import win32con
    import win32gui

    text = array.array("B", (line + "\0").encode("utf-16-le"))
    address, size = text.buffer_info()
    # COPYDATASTRUCT: dwData, cbData, lpData.
    data = array.array("B", struct.pack("PLP", 1, size, address))
    return win32gui.SendMessage(window(), win32con.WM_COPYDATA, 0, data.buffer_info()[0]) == 0


def command(number):
    """Sends WM_COMMAND."""
    import win32con
    import win32gui

    win32gui.PostMessage(window(), win32con.WM_COMMAND, number, 0)


def conversation(topic="control"):
    import win32ui  # before dde, which is part of it
    import dde

    server = dde.CreateServer()
    server.Create("phone.py")
    talk = dde.CreateConversation(server)
    talk.ConnectTo("MicroSIP", topic)
    return server, talk


def execute(commands):
    server, talk = conversation()
    talk.Exec(commands)  # raises where it is refused
    server.Shutdown()


def ask(item):
    server, talk = conversation("call")
    value = talk.Request(item)
    server.Shutdown()
    return value


class Pipe(http.client.HTTPConnection):
    """An HTTP connection on a named pipe, which Python opens as a file."""

    def __init__(self, name):
        super().__init__("localhost")
        self.name = name

    def connect(self):
        self.sock = PipeSocket(open(self.name, "r+b", buffering=0))


class PipeSocket:
    def __init__(self, file):
        self.file = file

    def sendall(self, data):
        view = memoryview(data)
        while view:
            view = view[self.file.write(view):]

    def makefile(self, mode, buffering=None):
        import io

        return io.BufferedReader(self.file)

    def close(self):
        pass  # the answer is read from it still; the reader closes it


def pipe(line, name):
    """Has the API carry out a command line; returns the status code and the answer."""
    connection = Pipe(name)
    connection.request("POST", "/v1/command", json.dumps({"line": line}),
                       {"Content-Type": "application/json", "Connection": "close"})
    answer = connection.getresponse()
    return answer.status, json.load(answer)


def main(arguments):
    ways = {"message": message, "id": lambda n: command(int(n)), "dde": execute, "ask": ask, "pipe": pipe}
    if len(arguments) < 2 or arguments[0] not in ways:
        sys.exit(__doc__)
    answer = ways[arguments[0]](*arguments[1:])
    if answer is not None:
        print(answer)


if __name__ == "__main__":
    main(sys.argv[1:])
