#include "client/address.hpp"

#include <algorithm>
#include <charconv>
#include <mini_redis/error.hpp>
#include <system_error>

namespace mini_redis {

namespace {

[[noreturn]] void refuse(const std::string& why) {
    throw std::system_error(errc::bad_address, why);
}

template <class Number>
std::optional<Number> parse_number(std::string_view text) {
    Number number{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return number;
}

std::uint16_t parse_port(std::string_view text) {
    const auto port = parse_number<std::uint16_t>(text);
    if (!port || *port == 0) refuse("port \"" + std::string{text} + "\"");
    return *port;
}

int parse_database(std::string_view text) {
    const auto database = parse_number<int>(text);
    if (!database || *database < 0) refuse("database \"" + std::string{text} + "\"");
    return *database;
}

int hex_digit(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

std::string decode(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i];
            continue;
        }
        const int high = i + 1 < text.size() ? hex_digit(text[i + 1]) : -1;
        const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
        if (high < 0 || low < 0) refuse("a % that no two hexadecimal digits follow");
        out += static_cast<char>(high * 16 + low);
        i += 2;
    }
    return out;
}

bool take_prefix(std::string_view& text, std::string_view prefix) {
    if (!text.starts_with(prefix)) return false;
    text.remove_prefix(prefix.size());
    return true;
}

void parse_host_and_port(std::string_view text, server_address& out) {
    std::string_view host = text;
    std::optional<std::string_view> port;
    if (text.starts_with('[')) {
        const std::size_t end = text.find(']');
        if (end == std::string_view::npos) refuse(std::string{text});
        host = text.substr(1, end - 1);
        const std::string_view rest = text.substr(end + 1);
        if (rest.starts_with(':'))
            port = rest.substr(1);
        else if (!rest.empty())
            refuse(std::string{text});
    } else if (std::count(text.begin(), text.end(), ':') == 1) {
        const std::size_t colon = text.find(':');
        host = text.substr(0, colon);
        port = text.substr(colon + 1);
    }
    if (host.empty() || host.find('\0') != std::string_view::npos) refuse(std::string{text});
    if (port) out.port = parse_port(*port);
    out.host = host;
}

void parse_unix(std::string_view text, server_address& out) {
    const std::size_t query = text.find('?');
    out.path = decode(text.substr(0, query));
    if (out.path.empty() || out.path.find('\0') != std::string::npos) refuse("a path");
    if (query == std::string_view::npos) return;
    text.remove_prefix(query + 1);
    if (!take_prefix(text, "db=")) refuse("\"" + std::string{text} + "\"");
    out.database = parse_database(text);
}

void parse_url(std::string_view text, server_address& out) {
    if (const std::size_t at = text.rfind('@'); at != std::string_view::npos) {
        const std::string_view login = text.substr(0, at);
        const std::size_t colon = login.find(':');
        if (colon == std::string_view::npos) refuse("a user without a password");
        if (colon > 0) out.user = decode(login.substr(0, colon));
        out.password = decode(login.substr(colon + 1));
        text.remove_prefix(at + 1);
    }
    if (const std::size_t slash = text.find('/'); slash != std::string_view::npos) {
        const std::string_view database = text.substr(slash + 1);
        if (!database.empty()) out.database = parse_database(database);
        text = text.substr(0, slash);
    }
    parse_host_and_port(text, out);
}

} // namespace

server_address parse_address(std::string_view text) {
    server_address address;
    if (take_prefix(text, "unix://")) {
        parse_unix(text, address);
    } else if (take_prefix(text, "redis://")) {
        parse_url(text, address);
    } else if (take_prefix(text, "rediss://")) {
        address.tls = true;
        parse_url(text, address);
    } else if (const std::size_t scheme = text.find("://"); scheme != std::string_view::npos) {
        refuse("the scheme \"" + std::string{text.substr(0, scheme)} + "\"");
    } else {
        parse_host_and_port(text, address);
    }
    return address;
}

std::string shown_address(const server_address& address) {
    if (!address.path.empty()) return "unix://" + address.path;
    const bool is_v6 = address.host.find(':') != std::string::npos;
    const std::string host = is_v6 ? "[" + address.host + "]" : address.host;
    return (address.tls ? "rediss://" : "") + host + ":" + std::to_string(address.port);
}

} // namespace mini_redis
