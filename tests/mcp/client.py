# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Calls tools with the client of the package mcp, and prints what it was answered, as lines of JSON.

    client.py VITRINE < CALLS      (a line each: ["tool", {arguments}])

It runs in the environment that has the package: see tools/requirements-mcp.txt.
"""

import asyncio
import json
import sys

from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client


async def main():
    async with stdio_client(StdioServerParameters(command=sys.argv[1], args=["mcp"])) as (read, write), ClientSession(read, write) as session:
        hello = await session.initialize()
        await session.send_ping()
        tools = (await session.list_tools()).tools
        # The client checks arguments and answers against its own types.
        print(json.dumps([hello.model_dump(mode="json", by_alias=True), [tool.model_dump(mode="json", by_alias=True) for tool in tools]]))
        for line in sys.stdin:
            name, arguments = json.loads(line)
            result = await session.call_tool(name, arguments)
            print(json.dumps([result.model_dump(mode="json", by_alias=True)["isError"], "".join(part.text for part in result.content)]))


asyncio.run(main())
