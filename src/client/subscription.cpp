#include "client/subscription.hpp"

#include <mini_redis/command_line.hpp>
#include <utility>

namespace mini_redis {

namespace {

constexpr std::size_t most_waiting_messages = 1024;

std::vector<std::string> names_in(const subscription::name_map& held) {
    std::vector<std::string> names;
    for (const auto& [name, request] : held)
        names.push_back(name);
    return names;
}

// Takes the names out, but for those that a later request has asked for.
void forget(subscription::name_map& held, const std::vector<std::string>& names,
            std::uint64_t request) {
    for (const std::string& name : names)
        if (const auto found = held.find(name); found != held.end() && found->second <= request)
            held.erase(found);
}

} // namespace

subscription::subscription(std::shared_ptr<connection> from)
    : connection_{std::move(from)},
      messages_{std::make_shared<message_queue>(connection_->executor(), most_waiting_messages)} {
    connection_->deliver_messages_to(messages_);
}

asio::awaitable<subscriber> subscription::open(std::shared_ptr<connection> from,
                                               std::string_view command,
                                               std::vector<std::string> names) {
    if (!from) throw std::system_error(errc::client_closed);
    auto opened = std::make_shared<subscription>(std::move(from));
    co_await enter(opened, command, std::move(names));
    co_return subscriber{std::move(opened)};
}

asio::awaitable<std::optional<message>> subscription::next(std::shared_ptr<subscription> self) {
    if (!self) throw std::system_error(errc::client_closed);
    std::optional<message> next = co_await self->messages_->pop();
    if (!next) {
        const std::error_code why = self->messages_->why_ended();
        if (why != errc::connection_closed && why != errc::client_closed)
            throw std::system_error(why);
    }
    co_return next;
}

void subscription::close() {
    connection_->close(errc::client_closed);
    messages_->discard();
}

subscription::name_map& subscription::names_of(std::string_view command) noexcept {
    return command.starts_with('P') ? patterns_ : channels_;
}

asio::awaitable<void> subscription::enter(std::shared_ptr<subscription> self,
                                          std::string_view command,
                                          std::vector<std::string> names) {
    if (!self) throw std::system_error(errc::client_closed);
    if (names.empty()) co_return;
    name_map& held = self->names_of(command);
    const std::uint64_t request = ++self->requests_;
    std::vector<std::string> added;
    for (const std::string& name : names) // before it can be cancelled
        if (held.insert_or_assign(name, request).second) added.push_back(name);
    try {
        co_await self->ask(command, names);
    } catch (const redis_error&) { // refused; any other end leaves open what the server did
        forget(held, added, request);
        throw;
    }
}

asio::awaitable<void> subscription::leave(std::shared_ptr<subscription> self,
                                          std::string_view command,
                                          std::vector<std::string> names) {
    if (!self) throw std::system_error(errc::client_closed);
    name_map& held = self->names_of(command);
    const std::uint64_t request = ++self->requests_;
    if (names.empty()) names = names_in(held);
    if (names.empty()) co_return;
    co_await self->ask(command, names);
    forget(held, names, request);
}

// The server confirms each name by itself, unless it refuses them all with one error.
asio::awaitable<void> subscription::ask(std::string_view command,
                                        const std::vector<std::string>& names) {
    command_line sent{command};
    for (const std::string& name : names)
        sent.add(name);
    call_settings settings;
    settings.time_out = connection_->call_timeout;
    settings.confirmations = names.size();
    const frame reply = co_await mini_redis::ask(*connection_, std::move(sent), settings);
    if (reply.is_error()) throw redis_error(std::string{reply.text()});
}

subscriber::subscriber(std::shared_ptr<subscription> opened) noexcept
    : subscription_{std::move(opened)} {}

subscriber::subscriber() noexcept = default;
subscriber::subscriber(subscriber&&) noexcept = default;

subscriber& subscriber::operator=(subscriber&& other) noexcept {
    if (this != &other) {
        close();
        subscription_ = std::move(other.subscription_);
    }
    return *this;
}

subscriber::~subscriber() {
    close();
}

void subscriber::close() noexcept {
    if (subscription_) subscription_->close();
}

asio::awaitable<std::optional<message>> subscriber::next() {
    return subscription::next(subscription_);
}

asio::awaitable<void> subscriber::subscribe(std::vector<std::string> channels) {
    return subscription::enter(subscription_, "SUBSCRIBE", std::move(channels));
}

asio::awaitable<void> subscriber::psubscribe(std::vector<std::string> patterns) {
    return subscription::enter(subscription_, "PSUBSCRIBE", std::move(patterns));
}

asio::awaitable<void> subscriber::unsubscribe(std::vector<std::string> channels) {
    return subscription::leave(subscription_, "UNSUBSCRIBE", std::move(channels));
}

asio::awaitable<void> subscriber::punsubscribe(std::vector<std::string> patterns) {
    return subscription::leave(subscription_, "PUNSUBSCRIBE", std::move(patterns));
}

std::vector<std::string> subscriber::channels() const {
    if (!subscription_) return {};
    return names_in(subscription_->channels());
}

std::vector<std::string> subscriber::patterns() const {
    if (!subscription_) return {};
    return names_in(subscription_->patterns());
}

} // namespace mini_redis
