// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "jit/code_map.h"
#include "jit/code_memory.h"
#include "jit/compiler.h"
#include "jit/profile.h"
#include "jit/statistics.h"

#include <atomic>
#include <expected>
#include <map>
#include <memory>
#include <mutex>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace vitrine::core::jit {

class ModuleCode;

/// Machine code of one function in executable memory. Never changes.
struct Version {
    ModuleCode& owner;
    FuncIndex function;
    VersionKey key;
    const uint8_t* begin;
    uint32_t size;
    std::vector<CallSite> sites;
    std::vector<CodeEntry> entries;
    uint32_t first_exit = 0;
    uint32_t exit_count = 0;
    /// Places in `sites` in the order of `Site::offset`.
    std::vector<uint32_t> sites_by_offset;
    // Under the library's mutex.
    /// The number of functions, in all stores, that use this version.
    mutable uint32_t users = 0;
    /// Notes for all places where it can be left. Made when that happens for the first time.
    mutable std::unique_ptr<Notes> notes {};
    /// The notes would take too much memory.
    mutable bool is_indescribable = false;

    const uint8_t* end() const { return begin + size; }
    /// The site with this return address, or null.
    const Site* find_site(uintptr_t return_address) const;
    /// The site at which the caller continues with the instruction at `offset`, or null.
    const CallSite* find_site_at(uint32_t offset) const;
    /// Where a frame can be continued whose next instruction is at `offset`, or null.
    const CodeEntry* find_entry(uint32_t offset) const;
    /// Whether it was made for a debugger: such versions are freed when no function uses them.
    bool is_temporary() const { return key.watched != 0 || !key.marks.empty(); }
};

/// What makes machine code and describes it: the compiler, or a substitute in tests.
struct Generator {
    std::expected<CompiledCode, CompileRefusal> (*compile)(const CompileRequest& request) = jit::compile;
    std::expected<Notes, CompileRefusal> (*describe)(
        const CompileRequest& request, uint64_t max_bytes) = jit::describe;
    Note (*describe_place)(const CompileRequest& request, StopPoint point) = jit::describe_place;
};

/// All machine code of an engine. Modules share it among their instances in all stores.
/// Thread-safe.
class CodeLibrary {
public:
    /// Fails if there is no memory for code.
    static Result<std::unique_ptr<CodeLibrary>> create(
        const TypeRegistry& types, uint64_t max_bytes, Generator generator = {});
    ~CodeLibrary();
    CodeLibrary(const CodeLibrary&) = delete;
    CodeLibrary& operator=(const CodeLibrary&) = delete;

    const CodeMemory& memory() const { return *memory_; }
    const Generator& generator() const { return generator_; }
    /// The version that an address belongs to, or null. From any thread.
    const Version* version_at(uintptr_t address) const { return map_.find(address); }
    const Version* version_at(const void* address) const
    {
        return map_.find(reinterpret_cast<uintptr_t>(address));
    }
    const Site* find_site(uintptr_t return_address) const
    {
        const Version* const version = version_at(return_address);
        return version ? version->find_site(return_address) : nullptr;
    }
    /// Grows when a version is freed. Sites and versions that were found before may be gone.
    uint32_t generation() const { return generation_.load(std::memory_order_acquire); }

    /// The version with this key, compiled if there is none, with one more user. Null if it cannot
    /// be compiled; the same request is then refused again without an attempt.
    const Version* version_of(
        const std::shared_ptr<const Module>& module, FuncIndex function, const VersionKey& key);
    /// Finds out where all values are at a place where code has just been left, and counts that.
    /// Returns false if the version has too many such places for the library's memory: its users
    /// must not execute it any more, because this takes as long as compiling it.
    [[nodiscard]] bool find_note(const Version& version, StopPoint point, Note& note);
    /// Ends one use of a version. Frees a temporary version with the last one.
    void release(const Version& version);

    /// Tells a profiler of all code that is made from now on.
    void set_profile(std::unique_ptr<Profile> profile);
    CompilerStatistics statistics() const;

private:
    CodeLibrary(const TypeRegistry& types, std::unique_ptr<CodeMemory> memory, uint64_t max_bytes,
        Generator generator);
    CompileRequest request(const Module& module, FuncIndex function, const VersionKey& key) const
    {
        return { module, types_, function, key, processor_ };
    }
    ModuleCode& code_of(const std::shared_ptr<const Module>& module);
    void describe(const Version& version, std::unique_lock<std::mutex>& lock);
    void sweep();
    const Version* keep(ModuleCode& owner, FuncIndex function, const VersionKey& key, CompiledCode code);
    void drop(const Version& version);

    const TypeRegistry& types_;
    const Generator generator_;
    const Processor processor_ = Processor::current();
    const std::unique_ptr<CodeMemory> memory_;
    CodeMap map_;
    const uint64_t max_note_bytes_;
    uint64_t note_bytes_ = 0;
    std::atomic<uint32_t> generation_ = 0;
    mutable std::mutex mutex_;
    std::unordered_map<const Module*, std::unique_ptr<ModuleCode>> modules_;
    /// Only its totals.
    CompilerStatistics totals_;
    std::unique_ptr<Profile> profile_;
};

/// The machine code of one module. For `CodeLibrary`, under its mutex.
class ModuleCode {
public:
    explicit ModuleCode(const std::shared_ptr<const Module>& module) : module(module), id(module.get()) {}

    const std::weak_ptr<const Module> module;
    const Module* const id;

    using Key = std::pair<FuncIndex, VersionKey>;
    std::map<Key, std::unique_ptr<Version>> versions;
    /// Why a function with this key is not compiled.
    std::map<Key, std::string_view> refusals;
};

} // namespace vitrine::core::jit
