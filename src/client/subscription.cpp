#include "client/subscription.hpp"

#include <mini_redis/command_line.hpp>
#include <mini_redis/detail/start_call.hpp>
#include <utility>

#include "client/deadline.hpp"
#include "client/push_message.hpp"

namespace mini_redis {

namespace {

constexpr std::size_t most_waiting_messages = 1024;

constexpr std::array<std::string_view, 3> enter_commands{"SUBSCRIBE", "PSUBSCRIBE", "SSUBSCRIBE"};
constexpr std::array<std::string_view, 3> leave_commands{"UNSUBSCRIBE", "PUNSUBSCRIBE",
                                                         "SUNSUBSCRIBE"};

template <class Names>
command_line request(std::string_view command, const Names& names) {
    command_line line{command};
    for (const std::string& name : names)
        line.add(name);
    return line;
}

call_settings confirmed(std::size_t times) {
    call_settings settings;
    settings.confirms = true;
    settings.replies = static_cast<std::uint32_t>(times);
    return settings;
}

} // namespace

subscription::subscription(const asio::any_io_executor& executor,
                           std::shared_ptr<client_context> context)
    : connection_{std::make_shared<connection>(executor, std::move(context), connection_use::calls,
                                               this)},
      messages_{std::make_shared<message_queue>(executor, most_waiting_messages)} {
    connection_->expect_pushes();
    connection_->open();
}

asio::awaitable<subscription_core> subscription::open(std::shared_ptr<client_context> context,
                                                      asio::any_io_executor owner, turn_end* loop,
                                                      channel_kind kind,
                                                      std::vector<std::string> names) {
    if (!context) throw call_error(make_error_code(errc::client_closed), false);
    const auto executor = co_await asio::this_coro::executor;
    if (executor != owner || context->loop != loop)
        context = std::make_shared<client_context>(*context, loop);
    auto opened = std::make_shared<subscription>(executor, std::move(context));
    co_await enter(opened, kind, std::move(names));
    co_return subscription_core{std::move(opened)};
}

asio::awaitable<std::optional<message>>
subscription::next(std::shared_ptr<subscription> self,
                   std::chrono::steady_clock::time_point until) {
    if (!self) throw std::system_error(errc::client_closed);
    const std::shared_ptr<message_queue> messages = self->messages_;
    std::optional<message> next = co_await message_queue::pop(messages, until);
    if (!next) {
        const std::error_code why = messages->why_ended();
        if (why != errc::connection_closed && why != errc::client_closed && why != errc::not_sent)
            throw std::system_error(why);
    }
    co_return next;
}

void subscription::close() {
    connection_->close(errc::client_closed);
    messages_->discard();
}

std::vector<std::string> subscription::names(channel_kind kind) const {
    std::vector<std::string> names;
    for (const auto& [name, held] : names_[static_cast<std::size_t>(kind)])
        names.push_back(name);
    return names;
}

// --- what the user asks for ---

asio::awaitable<void> subscription::enter(std::shared_ptr<subscription> self, channel_kind kind,
                                          std::vector<std::string> names) {
    if (!self) throw std::system_error(errc::client_closed);
    if (names.empty()) co_return;
    name_map& held = self->names_of(kind);
    const std::uint64_t request = ++self->requests_;
    std::vector<std::string> added;
    for (const std::string& name : names) { // before it can be cancelled
        const auto [at, is_new] = held.try_emplace(name);
        at->second.request = request;
        if (is_new) added.push_back(name);
    }
    try {
        co_await self->ask(enter_commands[static_cast<std::size_t>(kind)], names);
    } catch (const redis_error&) { // refused
        forget(held, added, request);
        throw;
    } catch (const call_error& error) { // otherwise the server may have done it or not
        if (error.may_have_run())
            settle(held, names);
        else
            forget(held, added, request);
        throw;
    }
    settle(held, names);
}

asio::awaitable<void> subscription::leave(std::shared_ptr<subscription> self, channel_kind kind,
                                          std::vector<std::string> names) {
    if (!self) throw std::system_error(errc::client_closed);
    name_map& held = self->names_of(kind);
    const std::uint64_t request = ++self->requests_;
    if (names.empty()) names = self->names(kind);
    if (names.empty()) co_return;
    co_await self->ask(leave_commands[static_cast<std::size_t>(kind)], names);
    forget(held, names, request);
}

// The server confirms each name by itself, unless it refuses them all with one error.
asio::awaitable<void> subscription::ask(std::string_view command,
                                        const std::vector<std::string>& names) {
    call_settings settings = confirmed(names.size());
    settings.idempotent = true;
    const frame reply = co_await mini_redis::ask(*connection_, request(command, names), settings);
    if (reply.is_error()) throw redis_error(std::string{reply.text()});
}

// Takes the names out, but for those that a later request has asked for.
void subscription::forget(name_map& held, const std::vector<std::string>& names,
                          std::uint64_t request) {
    for (const std::string& name : names)
        if (const auto found = held.find(name);
            found != held.end() && found->second.request <= request)
            held.erase(found);
}

void subscription::settle(name_map& held, const std::vector<std::string>& names) {
    for (const std::string& name : names)
        if (const auto found = held.find(name); found != held.end())
            found->second.is_settled = true;
}

// --- what the connection tells ---

void subscription::on_link(connection& on) {
    ++links_;
    for (std::size_t kind = 0; kind < names_.size(); ++kind) {
        std::vector<std::string> wanted;
        for (const auto& [name, held] : names_[kind])
            if (held.is_settled) wanted.push_back(name);
        if (wanted.empty()) continue;
        call_settings settings = confirmed(wanted.size());
        settings.time_out = std::chrono::milliseconds{0};
        settings.is_own = true;
        start_call<frame>(
            &on, request(enter_commands[kind], wanted), settings, frame_reader{},
            [to = on.shared_from_this()](const std::exception_ptr&, const frame& reply) {
                if (reply.is_error())
                    to->context().log(log_level::error,
                                      "cannot subscribe again: " + std::string{reply.text()});
            });
    }
}

bool subscription::on_push(const reply_view& push) {
    if (messages_->is_full()) return false;
    if (std::optional<message> published = to_message(push)) messages_->push(*std::move(published));
    return true;
}

asio::awaitable<void> subscription::wait_for_room() {
    return message_queue::wait_for_room(messages_);
}

void subscription::on_close(connection& on) noexcept {
    messages_->end(on.close_reason());
}

// --- subscription_core ---

subscription_core::subscription_core() noexcept = default;
subscription_core::subscription_core(subscription_core&&) noexcept = default;

subscription_core::subscription_core(std::shared_ptr<subscription> opened) noexcept
    : subscription_{std::move(opened)} {}

subscription_core& subscription_core::operator=(subscription_core&& other) noexcept {
    if (this != &other) {
        close();
        subscription_ = std::move(other.subscription_);
    }
    return *this;
}

subscription_core::~subscription_core() {
    close();
}

void subscription_core::close() noexcept {
    if (subscription_) subscription_->close();
}

asio::awaitable<std::optional<message>> subscription_core::next() const {
    return subscription::next(subscription_, std::chrono::steady_clock::time_point::max());
}

asio::awaitable<std::optional<message>>
subscription_core::next(std::chrono::milliseconds time_out) const {
    return subscription::next(subscription_,
                              deadline_after(std::chrono::steady_clock::now(), time_out));
}

std::optional<message> subscription_core::try_next() const {
    return subscription_ ? subscription_->try_next() : std::nullopt;
}

asio::awaitable<void> subscription_core::enter(channel_kind kind,
                                               std::vector<std::string> names) const {
    return subscription::enter(subscription_, kind, std::move(names));
}

asio::awaitable<void> subscription_core::leave(channel_kind kind,
                                               std::vector<std::string> names) const {
    return subscription::leave(subscription_, kind, std::move(names));
}

std::vector<std::string> subscription_core::names(channel_kind kind) const {
    return subscription_ ? subscription_->names(kind) : std::vector<std::string>{};
}

std::uint64_t subscription_core::reconnects() const noexcept {
    return subscription_ ? subscription_->reconnects() : 0;
}

const asio::any_io_executor* subscription_core::executor() const noexcept {
    return subscription_ ? &subscription_->executor() : nullptr;
}

} // namespace mini_redis
