// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The servers for debuggers, with clients that speak just enough of the protocols.
#include <vitrine/debugger.h>

#include "misuse_test.h"
#include "stops_test.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>

// A client, and what it has received.
typedef struct {
    int socket;
    char received[1 << 16];
    size_t size;
} Client;

static void connect_to(Client* client, own wasm_byte_vec_t* address)
{
    CHECK(strncmp(address->data, "127.0.0.1:", 10) == 0);
    const struct sockaddr_in where = { .sin_family = AF_INET,
        .sin_port = htons((uint16_t)atoi(address->data + 10)),
        .sin_addr = { .s_addr = htonl(INADDR_LOOPBACK) } };
    memset(client, 0, sizeof *client);
    client->socket = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(connect(client->socket, (const struct sockaddr*)&where, sizeof where) == 0);
    wasm_byte_vec_delete(address);
}

static void send_text(Client* client, const char* text)
{
    CHECK(send(client->socket, text, strlen(text), MSG_NOSIGNAL) == (ssize_t)strlen(text));
}

// Reads until a text arrives.
static void expect(Client* client, const char* text)
{
    while (!strstr(client->received, text)) {
        const ssize_t count = recv(
            client->socket, client->received + client->size, sizeof client->received - 1 - client->size, 0);
        if (count <= 0)
            fprintf(stderr, "expected: %s\nreceived: %s\n", text, client->received);
        CHECK(count > 0);
        client->size += (size_t)count;
    }
}

static void send_request(Client* client, int number, const char* command, const char* arguments)
{
    char body[512], message[600];
    snprintf(body, sizeof body, "{\"seq\":%d,\"type\":\"request\",\"command\":\"%s\",\"arguments\":{%s}}",
        number, command, arguments);
    snprintf(message, sizeof message, "Content-Length: %zu\r\n\r\n%s", strlen(body), body);
    send_text(client, message);
}

static vitrine_gdb_server_t* gdb_server;
static vitrine_dap_server_t* dap_server;

// Prints for the guest.
static own wasm_trap_t* print(int32_t number)
{
    char line[32];
    snprintf(line, sizeof line, "number %d\n", (int)number);
    if (gdb_server)
        CHECK(succeeds(vitrine_gdb_server_send_output(gdb_server, line, strlen(line))));
    if (dap_server)
        CHECK(succeeds(vitrine_dap_server_send_output(dap_server, line, strlen(line))));
    return NULL;
}

static own wasm_byte_vec_t gdb_address(void)
{
    wasm_byte_vec_t address;
    vitrine_gdb_server_address(gdb_server, &address);
    return address;
}

static void* debug_with_gdb(void* env)
{
    Client* client = env;
    wasm_byte_vec_t address = gdb_address();
    connect_to(client, &address);
    send_text(client, "$QStartNoAckMode#b0");
    expect(client, "$OK#9a");
    send_text(client, "+$?#3f");
    expect(client, "$T02");
    // Continues.
    send_text(client, "$c#63");
    return NULL;
}

static void test_gdb(const char* folder)
{
    World world = open_world(folder);
    CHECK(fails_with(
        vitrine_gdb_server_new(world.session, "nonsense", VITRINE_GDB_SERVES_EMBEDDER, &gdb_server),
        "no port between 0 and 65535 in 'nonsense'"));
    CHECK(fails_with(vitrine_gdb_server_new(world.session, "0", 9, &gdb_server), "a server cannot serve 9"));
    CHECK(!gdb_server);
    CHECK(succeeds(vitrine_gdb_server_new(world.session, "0", VITRINE_GDB_SERVES_EMBEDDER, &gdb_server)));
    CHECK(vitrine_gdb_server_is_loopback(gdb_server));
    CHECK(!vitrine_gdb_server_is_launched_by_client(gdb_server));
    CHECK(succeeds(vitrine_gdb_server_announce(gdb_server, world.module, NULL)));
    vitrine_name_vec_t commands;
    const wasm_module_t* others[1] = { world.module };
    CHECK(succeeds(vitrine_gdb_server_lldb_commands(gdb_server, world.module, others, 1, &commands)));
    CHECK(commands.size > 0);
    wasm_byte_vec_t address = gdb_address();
    bool has_address = false;
    for (size_t i = 0; i < commands.size; ++i)
        has_address |= strstr(commands.data[i].data, address.data + strlen("127.0.0.1")) != NULL;
    CHECK(has_address);
    wasm_byte_vec_delete(&address);
    vitrine_name_vec_delete(&commands);

    pthread_t thread;
    static Client client;
    CHECK(pthread_create(&thread, NULL, debug_with_gdb, &client) == 0);
    CHECK(succeeds(vitrine_gdb_server_wait_for_client(gdb_server)));
    CHECK(pthread_join(thread, NULL) == 0);
    host_call = print;
    vitrine_event_t event = call(&world, "run", 2, 0);
    CHECK(is_result(&event, 4));
    // The output is in hexadecimal: "number 2".
    expect(&client, "6e756d6265722032");
    CHECK(vitrine_gdb_server_close(gdb_server) == 0);
    close(client.socket);
    vitrine_gdb_server_delete(gdb_server);

    // A session may end before its server.
    CHECK(succeeds(
        vitrine_gdb_server_new(world.session, "0", VITRINE_GDB_SERVES_ONE_SHARED_CALL, &gdb_server)));
    vitrine_session_delete(world.session);
    world.session = NULL;
    CHECK(vitrine_gdb_server_is_loopback(gdb_server));
    close_world(&world);
    vitrine_gdb_server_delete(gdb_server);
    gdb_server = NULL;
    vitrine_gdb_server_delete(NULL);
}

static void* debug_with_dap(void* env)
{
    Client* client = env;
    wasm_byte_vec_t address;
    vitrine_dap_server_address(dap_server, &address);
    connect_to(client, &address);
    send_request(client, 1, "initialize", "\"adapterID\":\"vitrine\"");
    send_request(client, 2, "attach", "");
    expect(client, "\"initialized\"");
    send_request(client, 3, "configurationDone", "");
    return NULL;
}

// Continues from the stop at a breakpoint.
static void* continue_with_dap(void* env)
{
    Client* client = env;
    expect(client, "\"stopped\"");
    expect(client, "number 3");
    send_request(client, 4, "continue", "\"threadId\":1");
    return NULL;
}

static void test_dap(const char* folder)
{
    World world = open_world(folder);
    vitrine_dap_options_t options = { .name = "stops.wasm" };
    CHECK(fails_with(vitrine_dap_server_new(world.session, "0", &options, &dap_server),
        "the size of the options is not set"));
    options.size = sizeof options;
    CHECK(succeeds(vitrine_dap_server_new(world.session, "0", &options, &dap_server)));
    CHECK(vitrine_dap_server_is_loopback(dap_server));
    CHECK(succeeds(vitrine_dap_server_announce(dap_server, world.module, "/nowhere/stops.wasm")));
    break_at(&world, "twice", NULL);

    // Without a client, the guest goes on.
    vitrine_event_t event = call(&world, "run", 2, 0);
    CHECK(event.stopped);
    CHECK(succeeds(vitrine_dap_server_finish(dap_server, world.session, &event)));
    CHECK(!event.stopped && event.results.size == 1);
    CHECK(succeeds(vitrine_dap_server_finish(dap_server, world.session, &event)));
    CHECK(is_result(&event, 4));

    static Client client;
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, debug_with_dap, &client) == 0);
    CHECK(succeeds(vitrine_dap_server_wait_for_client(dap_server)));
    CHECK(pthread_join(thread, NULL) == 0);
    host_call = print;
    event = call(&world, "run", 3, 0);
    CHECK(event.stopped);
    CHECK(pthread_create(&thread, NULL, continue_with_dap, &client) == 0);
    CHECK(succeeds(vitrine_dap_server_finish(dap_server, world.session, &event)));
    CHECK(is_result(&event, 6));
    CHECK(pthread_join(thread, NULL) == 0);

    // An event is empty after a failure.
    event = call(&world, "run", 3, 0);
    World other = open_world(folder);
    CHECK(fails_with(vitrine_dap_server_finish(dap_server, other.session, &event),
        "the guest stopped in another session"));
    CHECK(!event.stopped && event.results.size == 0);
    close_world(&other);
    vitrine_session_kill(world.session);
    CHECK(vitrine_dap_server_close(dap_server) == 0);
    close(client.socket);
    vitrine_dap_server_delete(dap_server);
    close_world(&world);
    dap_server = NULL;
    vitrine_dap_server_delete(NULL);
}

static World alive;
static void server_of_no_session(void)
{
    vitrine_gdb_server_new(NULL, "0", VITRINE_GDB_SERVES_EMBEDDER, &gdb_server);
}
static void server_at_no_address(void) { vitrine_dap_server_new(alive.session, NULL, NULL, &dap_server); }

static const Misuse rows[] = {
    { server_of_no_session, "vitrine: vitrine_gdb_server_new: session is null\n" },
    { server_at_no_address, "vitrine: vitrine_dap_server_new: address is null\n" },
};

int main(int argc, const char* argv[])
{
    CHECK(argc == 2);
    test_gdb(argv[1]);
    test_dap(argv[1]);
    alive = open_world(argv[1]);
    expect_aborts(rows, sizeof rows / sizeof *rows);
    close_world(&alive);
    return 0;
}
