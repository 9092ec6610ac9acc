#include "lib/http/session.hpp"
