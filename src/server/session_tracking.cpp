// What a session that tracks keys is told, and what it passes on to the one that it redirects to.
//
// What changed by its own command comes in the midst of that, and is sent behind its reply, in
// after_reply_; what others have changed comes through the mailbox, between two requests. So does
// what changed when another served its blocked command, and that too has to wait for the reply.
#include <memory>
#include <utility>

#include "commands/parked_call.hpp"
#include "commands/tracking.hpp"
#include "resp/reply_writer.hpp"
#include "server/core.hpp"
#include "server/invalidation.hpp"
#include "server/session.hpp"
#include "server/worker.hpp"

namespace mini_redis {

void session::invalidate(const invalidation& what) {
    using enum invalidation::cause;
    if (!tracking || close_after_reply) return;
    tracking_state& now = *extra->tracking;
    // It may have changed its mode since it read the key, or since the message was sent.
    if (what.why != flush && now.broadcast != (what.why == broadcast)) return;
    // What is forgotten has not been changed by anybody.
    const std::uint64_t except = now.no_loop && what.keys && what.why != forgotten ? id : 0;
    if (except != 0 && count_of_others(what.keys, except) == 0) return;
    const redirected_invalidation message{what.keys, except, protocol};
    if (now.redirect == 0) { // without that, there is no message for it in RESP2
        if (protocol == protocol_version::resp3) push_invalidation(message);
        return;
    }
    const std::shared_ptr<session> other = home_->server().sessions().find(now.redirect);
    if (!other) {
        now.broken = true;
        shown_.publish(*this);
        if (protocol != protocol_version::resp3) return;
        output_buffer& out = notices();
        reply_writer reply{out, protocol};
        reply.push(2);
        reply.bulk_string("tracking-redir-broken");
        reply.integer(static_cast<std::int64_t>(now.redirect));
        return end_push(out);
    }
    if (other.get() == this)
        push_invalidation(message);
    else if (other->expect(message))
        other->home().deliver(std::make_shared<const redirected_invalidation>(message), {other});
}

output_buffer& session::notices() {
    const bool served = parked && parked->has_finished(); // its reply comes next
    return executing_ || served ? after_reply_ : unsent_;
}

void session::put_notices_first() {
    replies_->append(after_reply_.view());
    after_reply_.release();
}

// In RESP2 this is a message, which only a subscriber understands.
void session::push_invalidation(const redirected_invalidation& what) {
    const bool is_push = protocol == protocol_version::resp3;
    if (close_after_reply || (!is_push && subscriptions() == 0)) return;
    output_buffer& out = notices();
    reply_writer reply{out, protocol};
    if (is_push) {
        reply.push(2);
        reply.bulk_string("invalidate");
    } else {
        reply.array(3);
        reply.bulk_string("message");
        reply.bulk_string("__redis__:invalidate");
    }
    write_keys(reply, what.keys, what.except, what.protocol);
    end_push(out);
}

} // namespace mini_redis
