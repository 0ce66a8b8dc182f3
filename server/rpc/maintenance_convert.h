#ifndef PENSTOCK_SERVER_RPC_MAINTENANCE_CONVERT_H_
#define PENSTOCK_SERVER_RPC_MAINTENANCE_CONVERT_H_

// Between the messages of maintenance.proto and the values of the session layer. Translation only.

#include "penstock/v1/maintenance.pb.h"
#include "server/session/maintenance.h"

namespace penstock {

Maintenance::GarbageQuery FromProto(const v1::CollectGarbageRequest& request);

v1::CollectGarbageResponse ToProto(const Maintenance::GarbageEvent& event);
v1::DiagnoseRemoteResponse ToProto(const RemoteCheck& check);

}  // namespace penstock

#endif  // PENSTOCK_SERVER_RPC_MAINTENANCE_CONVERT_H_
