#include "archiver/flights.hpp"

#include <algorithm>
#include <utility>

namespace meshprobe {

void Flights::add(std::string name, Segment segment, const std::vector<std::size_t>& owed) {
    const std::size_t count = segment.messages().size();
    Flight flight{{std::move(name), std::move(segment), {}, {}, false, {}},
                  next_ticket_,
                  std::vector<State>(count, owed.empty() ? State::waiting : State::settled),
                  0,
                  0};
    for (const std::size_t index : owed) {
        if (index < count) flight.states[index] = State::waiting;
    }
    for (std::size_t index = 0; index < count; ++index) {
        flight.bytes += flight.landed.segment.messages()[index].body.size();
        if (flight.states[index] != State::waiting) continue;
        waiting_.push_back(flight.first_ticket + index);
        ++flight.unsettled;
    }
    next_ticket_ += count;
    bytes_ += flight.bytes;
    flights_.push_back(std::move(flight));
}

Flights::Flight* Flights::find(std::uint64_t ticket) {
    return const_cast<Flight*>(std::as_const(*this).find(ticket));
}

const Flights::Flight* Flights::find(std::uint64_t ticket) const {
    const auto after = std::ranges::upper_bound(flights_, ticket, {}, &Flight::first_ticket);
    if (after == flights_.begin()) return nullptr;
    const Flight& flight = *std::prev(after);
    const bool held = !flight.landed.name.empty() && ticket - flight.first_ticket < flight.states.size();
    return held ? &flight : nullptr;
}

const Message* Flights::message(std::uint64_t ticket) {
    const Flight* flight = find(ticket);
    return flight == nullptr ? nullptr : &flight->landed.segment.messages()[ticket - flight->first_ticket];
}

bool Flights::may_take(const Window& window) const {
    if (waiting_.empty() || on_their_way_ >= window.messages) return false;
    if (on_their_way_ == 0) return true; // one message may always be on its way, however large
    const std::uint64_t ticket = waiting_.front();
    const Flight& flight = *find(ticket);
    const Message& message = flight.landed.segment.messages()[ticket - flight.first_ticket];
    return bytes_on_their_way_ + message.body.size() <= window.bytes;
}

std::vector<Item> Flights::take(const Window& window) {
    std::vector<Item> items;
    while (may_take(window)) {
        const std::uint64_t ticket = waiting_.front();
        Flight& flight = *find(ticket);
        const std::size_t index = ticket - flight.first_ticket;
        const Message& message = flight.landed.segment.messages()[index];
        flight.states[index] = State::sent;
        waiting_.pop_front();
        ++on_their_way_;
        bytes_on_their_way_ += message.body.size();
        items.push_back({ticket, &flight.landed.segment.header(), &message});
    }
    return items;
}

bool Flights::settle(Verdict verdict) {
    Flight* flight = find(verdict.ticket);
    if (flight == nullptr) return false;
    const std::size_t index = verdict.ticket - flight->first_ticket;
    if (flight->states[index] != State::sent) return false;
    flight->states[index] = State::settled;
    --flight->unsettled;
    --on_their_way_;
    bytes_on_their_way_ -= flight->landed.segment.messages()[index].body.size();
    switch (verdict.kind) {
    case Verdict::Kind::delivered:
    case Verdict::Kind::dropped:
        break;
    case Verdict::Kind::refused:
        flight->landed.refused.push_back({index, std::move(verdict.reason)});
        break;
    case Verdict::Kind::undecided:
        flight->landed.undecided = true;
        [[fallthrough]];
    case Verdict::Kind::later:
    case Verdict::Kind::busy:
        flight->landed.owed.push_back(index);
        flight->landed.why_owed = std::move(verdict.reason);
        break;
    }
    return true;
}

void Flights::give_back() {
    waiting_.clear();
    for (Flight& flight : flights_) {
        for (std::size_t index = 0; index < flight.states.size(); ++index) {
            if (flight.states[index] == State::settled) continue;
            flight.states[index] = State::waiting;
            waiting_.push_back(flight.first_ticket + index);
        }
    }
    on_their_way_ = 0;
    bytes_on_their_way_ = 0;
}

// Segments land in any order, but memory is only freed from the front if a slow one is in the way: so they
// are moved out of the middle, too. Items point at headers and messages of segments that still fly; a
// deque's erase in the middle would move those, hence the empty shell is left until it reaches an end.
std::vector<Landed> Flights::land() {
    std::vector<Landed> landed;
    for (Flight& flight : flights_) {
        if (flight.unsettled > 0 || flight.landed.name.empty()) continue;
        std::ranges::sort(flight.landed.owed);
        bytes_ -= flight.bytes;
        landed.push_back(std::move(flight.landed));
        flight.landed.name.clear();
    }
    while (!flights_.empty() && flights_.front().landed.name.empty())
        flights_.pop_front();
    while (!flights_.empty() && flights_.back().landed.name.empty())
        flights_.pop_back();
    return landed;
}

std::uint64_t Flights::oldest_on_its_way() const {
    for (const Flight& flight : flights_) {
        const auto sent = std::ranges::find(flight.states, State::sent);
        if (sent != flight.states.end())
            return flight.first_ticket + static_cast<std::uint64_t>(sent - flight.states.begin());
    }
    return 0;
}

} // namespace meshprobe
