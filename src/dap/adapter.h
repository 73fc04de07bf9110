// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "console/console.h"
#include "dap/arguments.h"
#include "dap/inbox.h"
#include "dap/launcher.h"
#include "dap/message.h"
#include "dap/outbox.h"
#include "dap/progress.h"
#include "dap/references.h"
#include "dap/relay.h"
#include "dap/terminal.h"
#include "dap/variables.h"
#include "debug/line_step.h"
#include "debug/wat_source.h"
#include "json/document.h"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace vitrine::core::dap {

/// What a request needs.
enum class Needs : uint8_t {
    Nothing,
    /// The client has said what it can do.
    Initialized,
    /// A program was loaded.
    Program,
    /// The program has stopped. Nobody resumes it while the request is served.
    Stopped,
};

class TerminalDoor;

/// A row of dap/requests.inc, for documentation and tests.
struct RequestInfo {
    std::string_view name;
    Needs needs;
    std::string_view capability;
    std::string_view summary;
};
std::span<const RequestInfo> request_table();
/// The names of all capabilities, and of all events.
std::vector<std::string_view> capability_names();
std::vector<std::string_view> event_names();

/// [doc] The Debug Adapter Protocol
///
/// Serves one client. Three threads take part:
///
///     reading thread -> Inbox -> adapter's thread -> Outbox -> writing thread
///     guest's threads -> Inbox (stops, ends), Outbox (output)
///
/// The adapter's thread owns everything here, and handles one item of the inbox after the other
/// (`serve`). It never waits for the guest, but for one case: a command of the debug console that
/// resumes the program ends when that has stopped again. Meanwhile the adapter goes on with the
/// inbox, so that the client can pause the program.
///
/// The adapter knows the program only through a session, in which it is a shared client, and a
/// console (console/console.h). Breakpoints are those of the console, so that both list the same.
///
/// Frames, scopes and values have numbers that clients ask with. They are valid until the program
/// resumes; no number is used twice, so an old one is an error and never another value.
class Adapter final : private console::Target {
public:
    /// All must outlive it.
    Adapter(Launcher& launcher, Inbox& inbox, Outbox& outbox);
    /// Ends the program.
    ~Adapter() override;
    Adapter(const Adapter&) = delete;
    Adapter& operator=(const Adapter&) = delete;

    /// Serves until the client disconnects or the inbox ends.
    void serve();
    /// Ends the service. On the adapter's thread.
    void leave();
    /// A message from the client, on the reading thread. Whether it is one of the protocol.
    void receive(std::string_view content);

private:
    friend struct Rows;
    using Body = json::Object;
    using BodyOr = Result<Body>;

    // The requests.
#define REQUEST(function, ...) BodyOr function(const Arguments& arguments);
#include "dap/requests.inc"

    // -- The loop (adapter.cpp)

    bool handle_next();
    void handle(const Inbox::Asked& asked);
    void pass_on(const Request& request);
    void on_relay_end();
    BodyOr perform(const Request& request);
    void respond(const Request& request, const BodyOr& outcome);
    void cancel_request(int64_t seq);

    // -- The program (adapter_program.cpp)

    Launcher::Output output();
    Result<void> begin_program(std::string_view start_method);
    /// Makes the client open a terminal, and waits for it (requests_terminal.cpp).
    Result<void> open_terminal(std::string_view kind);
    Result<net::Descriptor> wait_for_terminal(TerminalDoor& door);
    Result<void> begin_run();
    void end_run();
    debug::Listener listener(const debug::Session& session);
    /// Whether nothing of the program can be looked at.
    bool is_running() const;
    void on_event(const debug::Event& event);
    void on_stop(const debug::StopReason& reason);
    void tell_stop(const debug::StopReason& reason, const std::string& problem);
    void tell_new_modules();
    void on_end();
    void on_resume(const debug::Resumed& resumed);
    void tell_threads();
    void tell_changed_breakpoints();
    void tell_spent_breakpoint(const debug::StopReason& reason);
    void print(std::string_view category, std::string_view text);
    json::Object stopped_body(const debug::StopReason& reason);
    /// The adapter's own resume. Everything with a number ends.
    Result<void> resume_guest(const debug::Resume& how);
    Result<void> resume_from(std::optional<uint64_t> stop, const debug::Resume& how);
    BodyOr step(const Arguments& arguments, debug::LineStepKind kind, const debug::Resume& by_instruction);
    /// Asks the guest to stop. Without one that runs, the next call of the embedder stops.
    void stop_guest();
    /// Handles the inbox until the program has stopped or ended.
    Result<void> wait_for_arrival();

    // console::Target
    debug::Client& client() override { return *client_; }
    Result<void> check(console::Needs needs, std::string_view verb) override;
    std::vector<debug::LoadedModule> modules() override { return program_->modules(); }
    std::string place_text(const Module&, CodeOffset offset, const Instance*) override;
    std::string module_suffix(const Module& module) override;
    debug::Demangle demangle() override { return program_->demangle(); }
    source::PathOptions path_options(const Module& module) override { return program_->path_options(module); }
    Result<void> resume(const debug::Resume& how) override;
    Result<void> call(const std::function<void()>& body, uint32_t thread) override;
    std::string end_text() override { return ending_ ? ending_->text : ""; }

    // -- Numbers that clients ask with (adapter_frames.cpp)

    /// Drops them if the program has been resumed since.
    void refresh();
    void forget();
    struct FrameNumber {
        uint32_t thread;
        /// As the source counts, innermost first.
        size_t row;
        std::shared_ptr<const console::Scope> scope {};
    };
    /// The scope of a frame that was told to the client; without a frame that of the program.
    Result<std::shared_ptr<const console::Scope>> scope_of(std::optional<int64_t> frame);
    /// What was told to the client of a container.
    struct Told {
        Container container;
        /// Which expression means a part, by the name that the client knows.
        std::map<std::string, std::string> expressions {};
    };
    Result<Told*> find_container(int64_t number);
    int64_t number_of(Container container);
    json::Object row_of(const Variable& variable, const std::shared_ptr<const Module>& module);
    std::string frame_name(const debug::LogicalFrame& row, const Frame& frame) const;
    Result<std::string> formatted_name(std::string name, const Arguments& format, const FrameNumber& number,
        const debug::LogicalFrame& row, const Frame& frame);
    std::vector<Variable> returned_to(const Container& container) const;
    std::string reference_text(const MemoryPlace& place) const;

    // -- Values (requests_values.cpp)

    static Result<source::Style> asked_style(const Arguments& arguments);
    BodyOr command(std::string_view line, std::optional<int64_t> frame);
    BodyOr assign_and_show(const std::shared_ptr<const console::Scope>& scope, const std::string& expression,
        const Arguments& arguments);

    // -- Sources and code (adapter_sources.cpp)

    /// A source that the client must ask for.
    struct MadeSource {
        std::shared_ptr<const Module> module;
        /// A function's WAT, or a text in the debug information.
        std::variant<FuncIndex, source::FileId> what;
        std::string name;
    };
    struct FileOfModule {
        std::shared_ptr<const Module> module;
        source::FileId file;
        auto operator<=>(const FileOfModule&) const = default;
    };
    /// What a client calls a file; none if nobody has its text.
    std::optional<json::Object> source_of(debug::ModuleSource& source, source::FileId file);
    json::Object source_of(const std::shared_ptr<const Module>& module, FuncIndex function);
    json::Object made_source(MadeSource made);
    void tell_source(const json::Object& source);
    /// The source and line of a logical frame, or of its WAT.
    struct Position {
        json::Object source;
        uint32_t line = 0, column = 0;
        /// The source's own words, if its text is nowhere.
        std::string note {};
    };
    std::optional<Position> position_of(
        const Module& module, CodeOffset offset, const std::optional<source::Place>& place);
    Result<MadeSource> find_made_source(const Arguments& source) const;
    std::string module_name(size_t number) const;
    std::optional<uint32_t> number_of(const Module& module) const;
    std::string code_reference(const Module& module, CodeOffset offset) const;
    json::Object module_row(size_t number);
    int64_t shown_line(uint32_t line) const { return int64_t { line } - (lines_from_1_ ? 0 : 1); }
    int64_t shown_column(uint32_t column) const
    {
        return std::max<int64_t>(int64_t { column } - (columns_from_1_ ? 0 : 1), columns_from_1_ ? 1 : 0);
    }
    Result<uint32_t> asked_line(int64_t line) const;
    /// What a client can ask the place of.
    struct Located {
        std::shared_ptr<const Module> module;
        std::variant<source::Place, FuncIndex> what;
    };
    int64_t number_of(Located located);
    /// Bytes that the client has read, under its own name for them.
    struct ReadBytes {
        std::string reference;
        uint32_t instance, memory;
        /// That of the reference, and what was read from there on.
        uint64_t address;
        int64_t begin, end;
    };
    void remember(ReadBytes bytes);
    /// Tells the client which of them may have changed: all, or those that the place has.
    void tell_memory(const eval::WatchPlace* place = nullptr);

    // -- Stops (requests_stops.cpp)

    /// A breakpoint as the client has asked for it: the key says where.
    struct AskedBreakpoint {
        std::string key;
        debug::RequestSpec spec {};
        uint32_t id = 0;
    };
    Result<AskedBreakpoint> asked_breakpoint(const Arguments& row, debug::AskedPlace place) const;
    json::Array set_stops(const std::string& group, std::vector<Result<AskedBreakpoint>> asked);
    Result<uint32_t> set_data_stop(const Arguments& row);
    json::Object breakpoint_row(const debug::Request& request);
    std::optional<Position> position_of(const debug::Request& request, const debug::CodeLocation& at);
    void note_message_places(const debug::Request& request);
    void forget_message_places(const debug::Request& request);
    json::Object place_of_message(uint32_t breakpoint);
    debug::AskedPlace line_place(const Arguments& source, uint32_t line, uint32_t column);
    std::string recorded_path(const std::string& path);
    struct DataPlace {
        /// What the user called it.
        std::string text;
        eval::WatchPlace place;
        Instance* instance;
        /// What that is in the source.
        std::optional<console::WatchedValue> value {};
        /// See the modes in dap/requests.inc.
        bool is_any_write = false;
    };
    Result<DataPlace> find_data(const std::string& id);

    // -- Exceptions (requests_exceptions.cpp)

    std::string condition_of(const debug::StopReason& reason) const;
    /// Whether the client wants to see the stop. `problem` says why that is not known.
    bool is_wanted(const debug::StopReason& reason, std::string& problem);
    Result<void> check_condition(std::string_view filter, const std::string& condition) const;
    bool has_tag(const Tag& tag, std::string_view text) const;
    std::string text_of(const Tag& tag) const;
    Result<bool> evaluate_condition(const std::string& condition);

    Launcher& launcher_;
    Inbox& inbox_;
    Outbox& outbox_;

    // What the client has said.
    bool is_initialized_ = false;
    Request initialize_ {};
    bool lines_from_1_ = true, columns_from_1_ = true;
    bool takes_invalidated_ = false, takes_memory_ = false;
    bool takes_types_ = false, takes_memory_references_ = false, takes_colours_ = false;
    bool runs_in_terminal_ = false;

    /// Present while another process serves the client.
    std::unique_ptr<Relay> relay_;
    /// The terminal whose streams the program uses. Null if it uses none.
    std::unique_ptr<Terminal> terminal_;
    std::unique_ptr<Program> program_;
    /// Only what both kinds of configurations have, if the program is attached.
    LaunchSpec spec_;
    std::unique_ptr<Run> run_;
    /// That of the run, for its threads.
    std::atomic<debug::Session*> session_of_output_ = nullptr;
    std::unique_ptr<debug::Client> client_;
    /// Lets the functions of the client's listener in while there is a run. A program that goes on
    /// without the client may call one of them late, when nothing of the adapter is left.
    struct Gate {
        std::mutex mutex {};
        bool is_open = true;
    };
    std::shared_ptr<Gate> gate_;
    std::optional<console::Console> console_;
    /// The lines that the console writes.
    std::string console_text_;
    /// Counts runs, so that events of an earlier one are dropped.
    uint64_t run_number_ = 0;
    bool has_started_ = false;
    std::optional<Run::Ending> ending_;
    /// The stop that the client knows of, by its number. It believes that the program runs
    /// otherwise.
    std::optional<uint64_t> told_stop_;
    /// The program is to stay stopped when the client has left.
    bool suspends_ = false;
    /// How often the program has stopped or ended.
    uint64_t arrivals_ = 0;
    std::set<uint32_t> told_threads_;
    /// Those that the client has ended. They may be ending still.
    std::set<uint32_t> ended_threads_;

    int64_t next_number_ = 1;
    uint64_t resumes_ = 0;
    std::map<int64_t, FrameNumber> frames_;
    std::map<int64_t, Told> containers_;
    std::map<int64_t, CodeOffset> goto_targets_;
    std::map<int64_t, CodeOffset> step_in_targets_;
    std::map<int64_t, Located> located_;

    debug::WatSources wat_;
    std::map<int64_t, MadeSource> made_sources_;
    std::map<FileOfModule, std::optional<json::Object>> file_sources_;
    /// The client is being told of all sources at once.
    bool lists_sources_ = false;
    /// Those read last come last.
    std::vector<ReadBytes> read_bytes_;

    /// The breakpoints of each source, and those at functions and instructions.
    std::map<std::string, std::vector<AskedBreakpoint>> stops_;
    std::vector<uint32_t> data_stops_;
    /// By filter.
    std::map<std::string, std::string> exception_conditions_;
    std::map<std::string, DataPlace> data_places_;

    /// The number of the request that is being served.
    int64_t serving_seq_ = 0;
    Progress progress_ { outbox_ };
    /// What is done when the response has been sent.
    std::function<void()> then_;
    bool is_over_ = false;

    std::mutex mutex_;
    /// For the reading thread: what `cancel` can interrupt.
    std::optional<int64_t> commanding_seq_;
    /// For the reading thread: that command has resumed the program, and waits for a stop.
    std::atomic<bool> awaits_arrival_ = false;
    /// For the guest's threads: the source and line of each breakpoint that logs messages.
    std::map<uint32_t, json::Object> message_places_;
    /// The request to open a terminal, and what the client has answered to it.
    std::optional<int64_t> terminal_asked_;
    std::optional<Answer> terminal_answer_;
};

} // namespace vitrine::core::dap
