// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dwarf/serve.h"

#include "dwarf/confine.h"
#include "dwarf/reader.h"
#include "source/codec.h"
#include "source/reader_process.h"

#include <algorithm>
#include <deque>
#include <memory>

#include <malloc.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace vitrine::core::dwarf {

namespace {

using namespace source;

/// Longer than a client waits. It ends the process if its client is no more, and so cannot.
constexpr unsigned max_seconds = 15;

/// The bytes of a file; empty if it cannot be mapped.
Bytes map_file(int descriptor)
{
    struct stat status {};
    if (fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode) || status.st_size <= 0)
        return {};
    const auto size = static_cast<size_t>(status.st_size);
    void* bytes = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, descriptor, 0);
    return bytes == MAP_FAILED ? Bytes {} : Bytes(static_cast<const uint8_t*>(bytes), size);
}

std::atomic<uint32_t>* map_progress()
{
    struct stat status {};
    if (fstat(reader_descriptor::progress, &status) != 0
        || status.st_size < static_cast<off_t>(sizeof(std::atomic<uint32_t>)))
        return nullptr;
    void* bytes = mmap(nullptr, sizeof(std::atomic<uint32_t>), PROT_READ | PROT_WRITE, MAP_SHARED,
        reader_descriptor::progress, 0);
    return bytes == MAP_FAILED ? nullptr : static_cast<std::atomic<uint32_t>*>(bytes);
}

/// Has nothing to say.
class NoSymbols final : public Symbols {
public:
    Summary summary() override { return {}; }
    std::optional<std::string> text_of(FileId) override { return {}; }
    std::optional<Row> row_at(CodeOffset) override { return {}; }
    std::vector<Row> rows_of(FileId, uint32_t, uint32_t) override { return {}; }
    std::vector<Row> rows_in(Range) override { return {}; }
    std::optional<Function> function_at(CodeOffset) override { return {}; }
    std::optional<Function> function(FunctionId) override { return {}; }
    std::vector<Function> functions_named(const Pattern&) override { return {}; }
    std::vector<Scope> scopes_at(CodeOffset) override { return {}; }
    std::vector<Variable> variables(std::span<const VariableId>) override { return {}; }
    std::vector<Variable> globals(const Pattern&) override { return {}; }
    Type type(TypeId) override { return {}; }
    std::optional<TypeId> find_type(std::string_view) override { return {}; }
    std::optional<Variable> variable_at(uint64_t) override { return {}; }
};

/// Sends a message of this kind.
Result<void> send_to_client(FromReader kind, Bytes content)
{
    std::vector<uint8_t> message { static_cast<uint8_t>(kind) };
    message.insert(message.end(), content.begin(), content.end());
    return send_message(reader_descriptor::socket, message, std::nullopt);
}

/// Gets files of split debug information from the client, and keeps them.
class SplitFiles {
public:
    Bytes find(std::string_view name, std::string_view directory)
    {
        const std::string request = std::string(name) + '\0' + std::string(directory) + '\0';
        if (!send_to_client(FromReader::FindSplit, bytes_of(request)))
            return {};
        auto file = receive_message(reader_descriptor::socket, max_split_bytes, std::nullopt);
        return file ? Bytes(files_.emplace_back(*std::move(file))) : Bytes {};
    }

private:
    std::deque<std::vector<uint8_t>> files_;
};

} // namespace

Result<void> serve(const ServeOptions& options)
{
    struct stat status {};
    std::atomic<uint32_t>* progress = map_progress();
    if (fstat(reader_descriptor::socket, &status) != 0 || !S_ISSOCK(status.st_mode) || !progress)
        return failure("this command is started by others: it reads debug information for them");
    SplitFiles split;
    Input input { .module = map_file(reader_descriptor::module),
        .find_split = [&](std::string_view name,
                          std::string_view directory) { return split.find(name, directory); },
        .without = options.without,
        .unit = progress };
    if (options.has_debug_file)
        input.debug_file = map_file(reader_descriptor::debug_file);
    if (options.has_package)
        input.package = map_file(reader_descriptor::package);
    confine(input.module.size() + input.debug_file.size() + input.package.size());
    std::unique_ptr<Symbols> symbols;
    for (;;) {
        (void)alarm(0);
        const auto message = receive_message(reader_descriptor::socket, max_message_bytes, std::nullopt);
        (void)alarm(max_seconds);
        const auto request = message ? decode_request(*message) : Result<Request>(failure("the end"));
        // The client has gone, or it is not one.
        if (!request)
            return {};
        if (!symbols) {
            symbols = read(input);
            if (!symbols)
                symbols = std::make_unique<NoSymbols>();
            // The index was made of larger parts.
            (void)malloc_trim(0);
        }
        if (!send_to_client(FromReader::Answer, encoded_answer(*symbols, *request)))
            return {};
    }
}

} // namespace vitrine::core::dwarf
