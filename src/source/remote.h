// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "source/codec.h"
#include "source/reader_process.h"
#include "source/symbols.h"

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace vitrine::core::source {

/// Asks a reader process, which is started by the first question. A reader that ends, or takes too
/// long, is reported, and started again without the unit that it was reading. The guest and its
/// debugger notice nothing else: questions without an answer have empty ones.
class Remote final : public Symbols {
public:
    struct Options {
        /// What to call the module in messages.
        std::string name;
        /// Takes messages, each a sentence. Called with the lock held: it must not ask.
        std::function<void(const std::string&)> report {};
        /// How long a question may take.
        std::chrono::milliseconds limit = std::chrono::seconds(10);
        /// How often the reader may be started anew.
        uint32_t restarts = 8;
    };

    Remote(ReaderFiles files, Options options);
    ~Remote() override;

    /// The process that reads; none if there is none now.
    std::optional<pid_t> process() const;

    Summary summary() override;
    std::optional<std::string> text_of(FileId file) override;
    std::optional<Row> row_at(CodeOffset offset) override;
    std::vector<Row> rows_of(FileId file, uint32_t first, uint32_t last) override;
    std::vector<Row> rows_in(Range range) override;
    std::optional<Function> function_at(CodeOffset offset) override;
    std::optional<Function> function(FunctionId id) override;
    std::vector<Function> functions_named(const Pattern& pattern) override;
    std::vector<Scope> scopes_at(CodeOffset offset) override;
    std::vector<Scope> inlined_in(Range range) override;
    std::vector<Variable> variables(std::span<const VariableId> ids) override;
    std::vector<Variable> globals(const Pattern& pattern) override;
    Type type(TypeId id) override;
    std::optional<TypeId> find_type(std::string_view name) override;
    std::vector<TypeId> types_named(const Pattern& pattern) override;
    std::optional<Variable> variable_at(uint64_t address) override;

private:
    template<class T> std::optional<T> try_ask(const Request& request);
    template<class T> T ask(const Request& request);
    template<class T, class Id> T ask_once(std::map<Id, T>& kept, Id id, const Request& request);
    std::optional<std::vector<uint8_t>> answer(Bytes request);
    bool start();
    void make_room();
    bool bury(const Error& error);

    const ReaderFiles files_;
    const Options options_;
    mutable std::mutex mutex_;
    std::unique_ptr<ReaderProcess> process_;
    /// The units that the reader must skip.
    std::vector<uint32_t> without_;
    uint32_t starts_ = 0;
    /// How many questions took too long.
    uint32_t timeouts_ = 0;
    /// Whether this process has answered a question.
    bool has_answered_ = false;
    bool has_given_up_ = false;
    /// The sizes of the answers that are kept, and of the last one.
    size_t kept_bytes_ = 0, last_bytes_ = 0;
    // Answers that do not change.
    std::optional<Summary> summary_;
    std::map<TypeId, Type> types_;
    std::map<FunctionId, std::optional<Function>> functions_;
};

} // namespace vitrine::core::source
