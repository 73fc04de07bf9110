// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "jit/profile.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <list>
#include <mutex>
#include <vector>

#include <elf.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

// What GDB knows by these names. It stops at the function, and reads the list of files then.
// [GDB manual: JIT Compilation Interface]
extern "C" {

struct jit_code_entry {
    jit_code_entry* next_entry;
    jit_code_entry* prev_entry;
    const char* symfile_addr;
    uint64_t symfile_size;
};

struct jit_descriptor {
    uint32_t version;
    uint32_t action_flag;
    jit_code_entry* relevant_entry;
    jit_code_entry* first_entry;
};

// Other compilers in the process may define them too; one definition serves all.
[[gnu::weak, gnu::used]] jit_descriptor __jit_debug_descriptor = { 1, 0, nullptr, nullptr };
[[gnu::weak, gnu::noinline, gnu::used]] void __jit_debug_register_code() { asm volatile("" ::: "memory"); }
}

namespace vitrine::core::jit {

namespace {

/// The name of the function, from the name section, or by its index. Names of variants say what
/// distinguishes them.
std::string name_of(const CompileRequest& request)
{
    std::string name(request.module.names().functions.find(request.function.value));
    if (name.empty())
        name = "wasm-function[" + std::to_string(request.function.value) + "]";
    // One line, and no spaces at the ends, so that all readers agree.
    for (char& letter : name)
        if (static_cast<unsigned char>(letter) < ' ')
            letter = '?';
    if (!request.key.marks.empty())
        name += " [breakpoints]";
    if (request.key.watched != 0)
        name += " [watches]";
    if (request.key.counts_ticks)
        name += " [ticks]";
    return name;
}

std::unexpected<Error> cannot_write(const std::string& path)
{
    return failure("cannot write " + path + ": " + std::strerror(errno));
}

/// Appends to a file. Several engines of a process may have the same file open.
class File {
public:
    explicit File(const std::string& path)
        : descriptor_(::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644))
    {}
    ~File()
    {
        if (descriptor_ >= 0)
            ::close(descriptor_);
    }
    File(const File&) = delete;
    File& operator=(const File&) = delete;

    bool is_open() const { return descriptor_ >= 0; }
    int descriptor() const { return descriptor_; }
    /// As one write, so that records of several engines do not mix. What cannot be written is lost.
    void append(std::string_view bytes) { (void)!::write(descriptor_, bytes.data(), bytes.size()); }

private:
    const int descriptor_;
};

// -- perf's map

class PerfMap final : public Profile {
public:
    static Result<std::unique_ptr<Profile>> create()
    {
        const std::string path = "/tmp/perf-" + std::to_string(getpid()) + ".map";
        auto map = std::make_unique<PerfMap>(path);
        if (!map->file_.is_open())
            return cannot_write(path);
        return map;
    }
    explicit PerfMap(const std::string& path) : file_(path) {}

    void add(const CompileRequest& request, std::span<const uint8_t> code) override
    {
        char range[64];
        std::snprintf(range, sizeof range, "%llx %zx ",
            static_cast<unsigned long long>(reinterpret_cast<uintptr_t>(code.data())), code.size());
        file_.append(range + name_of(request) + "\n");
    }

private:
    File file_;
};

// -- jitdump [Linux: tools/perf/Documentation/jitdump-specification.txt]

/// The bytes of a record. The processor's order is the file's.
class Bytes {
public:
    template<class T> Bytes& add(T value)
    {
        bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
        return *this;
    }
    Bytes& add_text(std::string_view text)
    {
        bytes_.append(text);
        bytes_ += '\0';
        return *this;
    }
    Bytes& add_bytes(std::span<const uint8_t> bytes)
    {
        bytes_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        return *this;
    }
    std::string& text() { return bytes_; }

private:
    std::string bytes_;
};

uint64_t monotonic_time()
{
    timespec now {};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

class JitDump final : public Profile {
public:
    static Result<std::unique_ptr<Profile>> create()
    {
        const std::string path = "jit-" + std::to_string(getpid()) + ".dump";
        auto dump = std::make_unique<JitDump>(path);
        if (!dump->file_.is_open())
            return cannot_write(path);
        dump->begin();
        return dump;
    }
    explicit JitDump(const std::string& path) : file_(path) {}
    ~JitDump() override
    {
        if (marker_ != MAP_FAILED)
            munmap(marker_, marker_bytes);
    }

    void add(const CompileRequest& request, std::span<const uint8_t> code) override
    {
        const auto address = reinterpret_cast<uint64_t>(code.data());
        add_lines(request, address);
        Bytes load;
        load.add(static_cast<uint32_t>(getpid())).add(static_cast<uint32_t>(syscall(SYS_gettid)));
        load.add(address).add(address).add(uint64_t { code.size() }).add(next_++);
        load.add_text(name_of(request)).add_bytes(code);
        record(load_id, std::move(load.text()));
    }

private:
    static constexpr uint32_t load_id = 0, lines_id = 2;
    static constexpr size_t marker_bytes = 4096;

    void begin()
    {
        // Executable, so that perf records that this process has the file open.
        marker_ = mmap(nullptr, marker_bytes, PROT_READ | PROT_EXEC, MAP_PRIVATE, file_.descriptor(), 0);
        if (lseek(file_.descriptor(), 0, SEEK_END) > 0)
            return;
        constexpr uint32_t magic = 0x4a695444, version = 1, header_bytes = 40;
        Bytes header;
        header.add(magic).add(version).add(header_bytes).add(uint32_t { EM_X86_64 }).add(uint32_t { 0 });
        header.add(static_cast<uint32_t>(getpid())).add(monotonic_time()).add(uint64_t { 0 });
        file_.append(header.text());
    }

    /// Lines are the offsets in the module.
    void add_lines(const CompileRequest& request, uint64_t address)
    {
        std::vector<CodePosition> positions;
        CompileRequest again = request;
        again.positions = &positions;
        if (!compile(again))
            return;
        std::string_view module = request.module.names().module;
        if (module.empty())
            module = "module";
        const CodeOffset body = request.module.meta(request.function).body_offset;
        Bytes lines;
        uint64_t count = 0;
        for (const CodePosition& position : positions)
            count += position.offset != UINT32_MAX;
        lines.add(address).add(count);
        for (const CodePosition& position : positions)
            if (position.offset != UINT32_MAX)
                lines.add(address + position.code)
                    .add(body + position.offset)
                    .add(uint32_t { 0 })
                    .add_text(std::string(module) + ".wasm");
        record(lines_id, std::move(lines.text()));
    }

    void record(uint32_t id, std::string body)
    {
        constexpr size_t head_bytes = 16, alignment = 8;
        body.resize((body.size() + alignment - 1) / alignment * alignment);
        Bytes whole;
        whole.add(id).add(static_cast<uint32_t>(head_bytes + body.size())).add(monotonic_time());
        file_.append(whole.text() + body);
    }

    File file_;
    void* marker_ = MAP_FAILED;
    uint64_t next_ = 0;
};

// -- GDB

/// An ELF file in memory with one symbol: a function at an address.
std::string symbol_file(const std::string& name, std::span<const uint8_t> code)
{
    constexpr uint16_t text = 1, symbols = 2, strings = 3, count = 4;
    constexpr std::string_view section_names("\0.text\0.symtab\0.strtab\0", 23);
    const std::string names = std::string(section_names) + name + '\0';
    const Elf64_Sym table[2] { {},
        { .st_name = static_cast<uint32_t>(section_names.size()),
            .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC),
            .st_other = 0,
            .st_shndx = text,
            .st_value = 0,
            .st_size = code.size() } };
    const auto address = reinterpret_cast<uint64_t>(code.data());
    Elf64_Shdr sections[count] {};
    const uint64_t symbols_offset = sizeof(Elf64_Ehdr) + sizeof sections;
    const uint64_t strings_offset = symbols_offset + sizeof table;
    sections[text] = { .sh_name = 1,
        .sh_type = SHT_NOBITS,
        .sh_flags = SHF_ALLOC | SHF_EXECINSTR,
        .sh_addr = address,
        .sh_offset = 0,
        .sh_size = code.size(),
        .sh_link = 0,
        .sh_info = 0,
        .sh_addralign = 16,
        .sh_entsize = 0 };
    sections[symbols] = { .sh_name = 7,
        .sh_type = SHT_SYMTAB,
        .sh_flags = 0,
        .sh_addr = 0,
        .sh_offset = symbols_offset,
        .sh_size = sizeof table,
        .sh_link = strings,
        .sh_info = 1,
        .sh_addralign = 8,
        .sh_entsize = sizeof(Elf64_Sym) };
    sections[strings] = { .sh_name = 15,
        .sh_type = SHT_STRTAB,
        .sh_flags = 0,
        .sh_addr = 0,
        .sh_offset = strings_offset,
        .sh_size = names.size(),
        .sh_link = 0,
        .sh_info = 0,
        .sh_addralign = 1,
        .sh_entsize = 0 };
    Elf64_Ehdr header {};
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_ident[EI_VERSION] = EV_CURRENT;
    // Values of symbols are relative to their sections.
    header.e_type = ET_REL;
    header.e_machine = EM_X86_64;
    header.e_version = EV_CURRENT;
    header.e_shoff = sizeof header;
    header.e_ehsize = sizeof header;
    header.e_shentsize = sizeof(Elf64_Shdr);
    header.e_shnum = count;
    header.e_shstrndx = strings;
    Bytes file;
    file.add(header);
    for (const Elf64_Shdr& section : sections)
        file.add(section);
    for (const Elf64_Sym& symbol : table)
        file.add(symbol);
    return std::move(file.text()) + names;
}

/// The list that GDB reads belongs to the process.
class GdbSymbols final : public Profile {
public:
    ~GdbSymbols() override
    {
        const std::lock_guard lock(mutex());
        for (Symbol& symbol : symbols_)
            unlink(symbol);
    }

    void add(const CompileRequest& request, std::span<const uint8_t> code) override
    {
        const std::lock_guard lock(mutex());
        Symbol& symbol = symbols_.emplace_back();
        symbol.begin = code.data();
        symbol.file = symbol_file(name_of(request), code);
        symbol.entry = { __jit_debug_descriptor.first_entry, nullptr, symbol.file.data(),
            symbol.file.size() };
        if (symbol.entry.next_entry)
            symbol.entry.next_entry->prev_entry = &symbol.entry;
        __jit_debug_descriptor.first_entry = &symbol.entry;
        tell(symbol, registered);
    }

    void remove(const uint8_t* begin) override
    {
        const std::lock_guard lock(mutex());
        for (auto symbol = symbols_.begin(); symbol != symbols_.end(); ++symbol)
            if (symbol->begin == begin) {
                unlink(*symbol);
                symbols_.erase(symbol);
                return;
            }
    }

private:
    static constexpr uint32_t registered = 1, unregistered = 2;
    struct Symbol {
        const uint8_t* begin = nullptr;
        std::string file;
        jit_code_entry entry {};
    };

    static std::mutex& mutex()
    {
        static std::mutex of_process;
        return of_process;
    }
    static void tell(Symbol& symbol, uint32_t action)
    {
        __jit_debug_descriptor.relevant_entry = &symbol.entry;
        __jit_debug_descriptor.action_flag = action;
        __jit_debug_register_code();
    }
    static void unlink(Symbol& symbol)
    {
        jit_code_entry& entry = symbol.entry;
        (entry.prev_entry ? entry.prev_entry->next_entry : __jit_debug_descriptor.first_entry) =
            entry.next_entry;
        if (entry.next_entry)
            entry.next_entry->prev_entry = entry.prev_entry;
        tell(symbol, unregistered);
    }

    std::list<Symbol> symbols_;
};

} // namespace

Result<std::unique_ptr<Profile>> Profile::create(std::string_view kind)
{
    if (kind == "map")
        return PerfMap::create();
    if (kind == "jitdump")
        return JitDump::create();
    if (kind == "gdb")
        return std::make_unique<GdbSymbols>();
    return failure("expected " + std::string(profile_kinds));
}

} // namespace vitrine::core::jit
